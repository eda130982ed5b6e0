// Generated from functions/auth/end-session.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/auth/end-session.ts';
export const config = { path: '/api/auth/sessions/:id', method: 'DELETE' };
