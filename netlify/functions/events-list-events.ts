// Generated from functions/outgoing/events/list-events.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/outgoing/events/list-events.ts';
export const config = { path: '/api/events', method: 'GET' };
