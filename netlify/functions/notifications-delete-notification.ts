// Generated from functions/outgoing/notifications/delete-notification.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/outgoing/notifications/delete-notification.ts';
export const config = { path: '/api/notifications/:id', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
