// Generated from functions/internal-events/list-events.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/internal-events/list-events.ts';
export const config = { path: '/internal/events', method: 'GET' };
