// Generated from functions/identity/account-pages/show-keep-account.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/account-pages/show-keep-account.ts';
export const config = { path: '/keep-account', method: 'GET' };
