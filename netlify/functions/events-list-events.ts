// Generated from functions/events/list-events.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/events/list-events.ts';
export const config = { path: '/api/events', method: 'GET' };
