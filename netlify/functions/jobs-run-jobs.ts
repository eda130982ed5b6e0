// Generated from functions/jobs/run-jobs.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/jobs/run-jobs.ts';
export const config = { path: '/internal/jobs/run', method: 'POST' };
