// Generated from functions/identity/settings/delete-api-key.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/settings/delete-api-key.ts';
export const config = { path: '/api/settings/api-keys/:id', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
