// Generated from functions/identity/settings/list-languages.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/settings/list-languages.ts';
export const config = { path: '/api/settings/languages', method: 'GET', includedFiles: ['../aws-sdk/**'] };
