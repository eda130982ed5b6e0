// Generated from functions/integrations/inbound/receive-retell.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/inbound/receive-retell.ts';
export const config = { path: '/webhooks/retell', method: 'POST', includedFiles: ['../aws-sdk/**'] };
