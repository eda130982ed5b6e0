// Generated from functions/outgoing/notifications/read-all-notifications.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/notifications/read-all-notifications.ts';
export const config = { path: '/api/notifications/read-all', method: 'PATCH', includedFiles: ['../aws-sdk/**'] };
