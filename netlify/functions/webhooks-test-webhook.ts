// Generated from functions/outgoing/webhooks/test-webhook.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/outgoing/webhooks/test-webhook.ts';
export const config = { path: '/api/webhooks/:id/test', method: 'POST', excludedPath: ['/api/webhooks/company/:companyId', '/api/webhooks/incoming/:companyId'] };
