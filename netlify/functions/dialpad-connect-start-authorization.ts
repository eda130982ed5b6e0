// Generated from functions/integrations/dialpad-connect/start-authorization.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/dialpad-connect/start-authorization.ts';
export const config = { path: '/authorize', method: 'GET', includedFiles: ['../aws-sdk/**'] };
