// Generated from functions/outgoing/webhooks/replay-webhook.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/outgoing/webhooks/replay-webhook.ts';
export const config = { path: '/api/webhooks/:id/replay', method: 'POST', excludedPath: ['/api/webhooks/company/:companyId', '/api/webhooks/incoming/:companyId'], includedFiles: ['../aws-sdk/**'] };
