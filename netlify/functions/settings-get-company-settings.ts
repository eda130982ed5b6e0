// Generated from functions/identity/settings/get-company-settings.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/settings/get-company-settings.ts';
export const config = { path: '/api/settings/company/:companyId', method: 'GET', includedFiles: ['../aws-sdk/**'] };
