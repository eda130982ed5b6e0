// Generated from functions/platform/health/get-metrics.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/platform/health/get-metrics.ts';
export const config = { path: '/health/metrics', method: 'GET', includedFiles: ['../aws-sdk/**'] };
