// Generated from functions/identity/settings/create-api-key.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/settings/create-api-key.ts';
export const config = { path: '/api/settings/api-keys', method: 'POST', includedFiles: ['../aws-sdk/**'] };
