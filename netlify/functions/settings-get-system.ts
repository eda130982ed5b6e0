// Generated from functions/identity/settings/get-system.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/settings/get-system.ts';
export const config = { path: '/api/settings/system', method: 'GET', includedFiles: ['../aws-sdk/**'] };
