// Generated from functions/platform/jobs/run-bulk.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/platform/jobs/run-bulk.ts';
export const config = { path: '/internal/bulk/run', method: 'POST', includedFiles: ['../aws-sdk/**'] };
