// Generated from functions/platform/jobs/run-jobs.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/platform/jobs/run-jobs.ts';
export const config = { path: '/internal/jobs/run', method: 'POST', includedFiles: ['../aws-sdk/**'] };
