// Generated from functions/identity/personal-data/request-data-export.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/personal-data/request-data-export.ts';
export const config = { path: '/api/settings/export-data', method: 'POST', includedFiles: ['../aws-sdk/**'] };
