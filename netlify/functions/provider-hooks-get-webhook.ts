// Generated from functions/integrations/provider-hooks/get-webhook.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/provider-hooks/get-webhook.ts';
export const config = { path: '/internal/webhooks/:webhook_id', method: 'GET' };
