// Generated from functions/platform/health/get-liveness.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/platform/health/get-liveness.ts';
export const config = { path: '/health/live', method: 'GET' };
