// Generated from functions/outgoing/webhooks/list-webhook-events.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/outgoing/webhooks/list-webhook-events.ts';
export const config = { path: '/api/webhooks/events', method: 'GET' };
