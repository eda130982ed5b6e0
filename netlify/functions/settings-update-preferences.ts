// Generated from functions/identity/settings/update-preferences.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/settings/update-preferences.ts';
export const config = { path: '/api/settings/user/preferences', method: 'PUT', includedFiles: ['../aws-sdk/**'] };
