// Generated from functions/webhooks/create-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/webhooks/create-webhook.ts';
export const config = { path: '/api/webhooks', method: 'POST' };
