// Generated from functions/outgoing/events/stream-events.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/outgoing/events/stream-events.ts';
export const config = { path: '/api/events/stream', method: 'GET' };
