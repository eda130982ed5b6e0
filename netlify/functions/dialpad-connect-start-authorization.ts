// Generated from functions/dialpad-connect/start-authorization.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/dialpad-connect/start-authorization.ts';
export const config = { path: '/authorize', method: 'GET' };
