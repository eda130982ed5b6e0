// Generated from functions/identity/auth/list-sessions.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/list-sessions.ts';
export const config = { path: '/api/auth/sessions', method: 'GET' };
