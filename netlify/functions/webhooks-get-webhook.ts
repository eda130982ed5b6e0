// Generated from functions/outgoing/webhooks/get-webhook.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/outgoing/webhooks/get-webhook.ts';
export const config = { path: '/api/webhooks/:id', method: 'GET', excludedPath: ['/api/webhooks/events'] };
