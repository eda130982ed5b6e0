// Generated from functions/outgoing/notifications/list-notification-log.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/notifications/list-notification-log.ts';
export const config = { path: '/api/notifications/log', method: 'GET', includedFiles: ['../aws-sdk/**'] };
