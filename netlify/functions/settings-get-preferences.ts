// Generated from functions/identity/settings/get-preferences.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/settings/get-preferences.ts';
export const config = { path: '/api/settings/user/preferences', method: 'GET', includedFiles: ['../aws-sdk/**'] };
