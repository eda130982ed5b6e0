// Generated from functions/notifications/list-notification-log.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/notifications/list-notification-log.ts';
export const config = { path: '/api/notifications/log', method: 'GET' };
