// Generated from functions/identity/auth/get-profile.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/get-profile.ts';
export const config = { path: '/api/auth/profile', method: 'GET' };
