// Generated from functions/integrations/inbound/receive-incoming.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/inbound/receive-incoming.ts';
export const config = { path: '/api/webhooks/incoming/:companyId', method: 'POST', includedFiles: ['../aws-sdk/**'] };
