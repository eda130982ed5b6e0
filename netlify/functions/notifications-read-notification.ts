// Generated from functions/outgoing/notifications/read-notification.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/notifications/read-notification.ts';
export const config = { path: '/api/notifications/:id/read', method: 'PATCH', includedFiles: ['../aws-sdk/**'] };
