// Generated from functions/identity/account-pages/show-reset-password.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/account-pages/show-reset-password.ts';
export const config = { path: '/reset-password', method: 'GET' };
