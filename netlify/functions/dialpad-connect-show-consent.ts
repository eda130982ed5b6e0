// Generated from functions/integrations/dialpad-connect/show-consent.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/dialpad-connect/show-consent.ts';
export const config = { path: '/authorize/consent', method: 'GET', includedFiles: ['../aws-sdk/**'] };
