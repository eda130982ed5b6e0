// Generated from functions/identity/auth/refresh-session.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/refresh-session.ts';
export const config = { path: '/api/auth/refresh', method: 'POST' };
