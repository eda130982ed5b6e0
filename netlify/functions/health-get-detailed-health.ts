// Generated from functions/platform/health/get-detailed-health.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/platform/health/get-detailed-health.ts';
export const config = { path: '/health/detailed', method: 'GET', includedFiles: ['../aws-sdk/**'] };
