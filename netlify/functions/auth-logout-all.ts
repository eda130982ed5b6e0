// Generated from functions/identity/auth/logout-all.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/logout-all.ts';
export const config = { path: '/api/auth/logout-all', method: 'POST' };
