// Generated from functions/identity/settings/update-profile.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/settings/update-profile.ts';
export const config = { path: '/api/settings/profile', method: 'PUT', includedFiles: ['../aws-sdk/**'] };
