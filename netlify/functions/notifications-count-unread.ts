// Generated from functions/outgoing/notifications/count-unread.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/notifications/count-unread.ts';
export const config = { path: '/api/notifications/unread-count', method: 'GET', includedFiles: ['../aws-sdk/**'] };
