// Generated from functions/notifications/read-all-notifications.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/notifications/read-all-notifications.ts';
export const config = { path: '/api/notifications/read-all', method: 'PATCH' };
