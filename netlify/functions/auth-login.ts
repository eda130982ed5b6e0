// Generated from functions/auth/login.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/auth/login.ts';
export const config = { path: '/api/auth/login', method: 'POST' };
