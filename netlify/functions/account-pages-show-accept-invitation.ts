// Generated from functions/identity/account-pages/show-accept-invitation.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/account-pages/show-accept-invitation.ts';
export const config = { path: '/accept-invitation', method: 'GET' };
