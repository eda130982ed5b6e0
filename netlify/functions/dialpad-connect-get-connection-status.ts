// Generated from functions/dialpad-connect/get-connection-status.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/dialpad-connect/get-connection-status.ts';
export const config = { path: '/status', method: 'GET' };
