// Generated from functions/dialpad-connect/get-connection-status.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/dialpad-connect/get-connection-status.ts';
export const config = { path: '/status', method: 'GET' };
