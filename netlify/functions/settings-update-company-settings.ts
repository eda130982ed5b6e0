// Generated from functions/identity/settings/update-company-settings.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/settings/update-company-settings.ts';
export const config = { path: '/api/settings/company/:companyId', method: 'PUT', includedFiles: ['../aws-sdk/**'] };
