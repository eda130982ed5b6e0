// Generated from functions/identity/auth/switch-company.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/switch-company.ts';
export const config = { path: '/api/auth/switch-company', method: 'POST' };
