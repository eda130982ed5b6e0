// Generated from functions/identity/account-pages/show-data-export.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/account-pages/show-data-export.ts';
export const config = { path: '/data-export', method: 'GET' };
