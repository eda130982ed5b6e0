// Generated from functions/platform/jobs/run-dials.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/platform/jobs/run-dials.ts';
export const config = { path: '/internal/dials/run', method: 'POST', includedFiles: ['../aws-sdk/**'] };
