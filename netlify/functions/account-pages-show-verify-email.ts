// Generated from functions/identity/account-pages/show-verify-email.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/account-pages/show-verify-email.ts';
export const config = { path: '/verify-email', method: 'GET' };
