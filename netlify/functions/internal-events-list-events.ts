// Generated from functions/integrations/internal-events/list-events.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/internal-events/list-events.ts';
export const config = { path: '/internal/events', method: 'GET' };
