// Generated from functions/identity/auth/end-session.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/end-session.ts';
export const config = { path: '/api/auth/sessions/:id', method: 'DELETE' };
