// Generated from functions/integrations/dashboard/get-dashboard-call.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/dashboard/get-dashboard-call.ts';
export const config = { path: '/api/dashboard/calls/:callId', method: 'GET' };
