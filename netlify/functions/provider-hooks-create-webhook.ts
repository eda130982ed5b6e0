// Generated from functions/integrations/provider-hooks/create-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/provider-hooks/create-webhook.ts';
export const config = { path: '/internal/webhooks/create', method: 'POST', includedFiles: ['../aws-sdk/**'] };
