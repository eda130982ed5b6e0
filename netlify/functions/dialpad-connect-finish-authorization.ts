// Generated from functions/integrations/dialpad-connect/finish-authorization.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/dialpad-connect/finish-authorization.ts';
export const config = { path: '/callback', method: 'GET', includedFiles: ['../aws-sdk/**'] };
