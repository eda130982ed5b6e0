// Generated from functions/integrations/inbound/receive-dialpad.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/inbound/receive-dialpad.ts';
export const config = { path: '/webhooks/dialpad', method: 'POST', includedFiles: ['../aws-sdk/**'] };
