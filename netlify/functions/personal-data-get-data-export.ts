// Generated from functions/identity/personal-data/get-data-export.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/personal-data/get-data-export.ts';
export const config = { path: '/api/settings/export-data/:id', method: 'GET', includedFiles: ['../aws-sdk/**'] };
