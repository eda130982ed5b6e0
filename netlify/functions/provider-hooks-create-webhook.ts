// Generated from functions/provider-hooks/create-webhook.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/provider-hooks/create-webhook.ts';
export const config = { path: '/internal/webhooks/create', method: 'POST' };
