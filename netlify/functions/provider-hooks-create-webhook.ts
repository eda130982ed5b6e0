// Generated from functions/provider-hooks/create-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/provider-hooks/create-webhook.ts';
export const config = { path: '/internal/webhooks/create', method: 'POST' };
