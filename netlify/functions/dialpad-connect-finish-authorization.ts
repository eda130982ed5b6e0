// Generated from functions/dialpad-connect/finish-authorization.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/dialpad-connect/finish-authorization.ts';
export const config = { path: '/callback', method: 'GET' };
