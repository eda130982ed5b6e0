// Generated from functions/platform/health/get-health.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/platform/health/get-health.ts';
export const config = { path: '/health', method: 'GET' };
