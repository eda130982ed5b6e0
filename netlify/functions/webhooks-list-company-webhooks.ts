// Generated from functions/outgoing/webhooks/list-company-webhooks.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/webhooks/list-company-webhooks.ts';
export const config = { path: '/api/webhooks/company/:companyId', method: 'GET', includedFiles: ['../aws-sdk/**'] };
