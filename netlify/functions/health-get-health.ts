// Generated from functions/health/get-health.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/health/get-health.ts';
export const config = { path: '/health', method: 'GET' };
