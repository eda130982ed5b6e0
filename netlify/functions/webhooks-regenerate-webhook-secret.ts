// Generated from functions/outgoing/webhooks/regenerate-webhook-secret.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/regenerate-webhook-secret.ts';
export const config = { path: '/api/webhooks/:id/regenerate-secret', method: 'POST', excludedPath: ['/api/webhooks/company/:companyId', '/api/webhooks/incoming/:companyId'], includedFiles: ['../aws-sdk/**'] };
