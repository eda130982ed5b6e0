// Generated from functions/identity/auth/logout.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/logout.ts';
export const config = { path: '/api/auth/logout', method: 'POST' };
