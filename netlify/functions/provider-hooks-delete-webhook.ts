// Generated from functions/integrations/provider-hooks/delete-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/provider-hooks/delete-webhook.ts';
export const config = { path: '/internal/webhooks/:webhook_id', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
