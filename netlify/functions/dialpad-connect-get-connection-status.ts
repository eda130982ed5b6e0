// Generated from functions/integrations/dialpad-connect/get-connection-status.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/dialpad-connect/get-connection-status.ts';
export const config = { path: '/status', method: 'GET', includedFiles: ['../aws-sdk/**'] };
