// Generated from functions/integrations/dashboard/list-dashboard-calls.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/dashboard/list-dashboard-calls.ts';
export const config = { path: '/api/dashboard/calls', method: 'GET' };
