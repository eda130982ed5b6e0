// Generated from functions/outgoing/webhooks/list-deliveries.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/outgoing/webhooks/list-deliveries.ts';
export const config = { path: '/api/webhooks/:id/deliveries', method: 'GET', excludedPath: ['/api/webhooks/company/:companyId'], includedFiles: ['../aws-sdk/**'] };
