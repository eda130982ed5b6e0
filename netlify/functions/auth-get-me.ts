// Generated from functions/identity/auth/get-me.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/get-me.ts';
export const config = { path: '/api/auth/me', method: 'GET' };
