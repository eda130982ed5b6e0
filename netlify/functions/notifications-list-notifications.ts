// Generated from functions/outgoing/notifications/list-notifications.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/notifications/list-notifications.ts';
export const config = { path: '/api/notifications', method: 'GET', includedFiles: ['../aws-sdk/**'] };
