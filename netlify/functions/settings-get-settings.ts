// Generated from functions/identity/settings/get-settings.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/settings/get-settings.ts';
export const config = { path: '/api/settings', method: 'GET', includedFiles: ['../aws-sdk/**'] };
