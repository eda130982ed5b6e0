// Generated from functions/dialpad-connect/show-consent.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/dialpad-connect/show-consent.ts';
export const config = { path: '/authorize/consent', method: 'GET' };
