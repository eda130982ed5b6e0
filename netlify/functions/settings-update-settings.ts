// Generated from functions/identity/settings/update-settings.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/settings/update-settings.ts';
export const config = { path: '/api/settings', method: 'PUT', includedFiles: ['../aws-sdk/**'] };
