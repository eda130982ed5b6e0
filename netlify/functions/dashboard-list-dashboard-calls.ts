// Generated from functions/dashboard/list-dashboard-calls.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/dashboard/list-dashboard-calls.ts';
export const config = { path: '/api/dashboard/calls', method: 'GET' };
