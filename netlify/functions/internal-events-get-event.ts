// Generated from functions/integrations/internal-events/get-event.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/internal-events/get-event.ts';
export const config = { path: '/internal/events/:id', method: 'GET' };
