// Generated from functions/integrations/dashboard/list-call-history.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/dashboard/list-call-history.ts';
export const config = { path: '/api/dashboard/call-history', method: 'GET' };
