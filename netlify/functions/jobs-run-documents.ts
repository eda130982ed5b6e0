// Generated from functions/platform/jobs/run-documents.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/platform/jobs/run-documents.ts';
export const config = { path: '/internal/documents/run', method: 'POST', includedFiles: ['../aws-sdk/**'] };
