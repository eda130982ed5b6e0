// Generated from functions/platform/health/get-readiness.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/platform/health/get-readiness.ts';
export const config = { path: '/health/ready', method: 'GET' };
