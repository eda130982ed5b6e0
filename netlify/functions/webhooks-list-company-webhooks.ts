// Generated from functions/webhooks/list-company-webhooks.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/webhooks/list-company-webhooks.ts';
export const config = { path: '/api/webhooks/company/:companyId', method: 'GET' };
