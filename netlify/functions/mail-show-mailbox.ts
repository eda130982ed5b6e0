// Generated from functions/messaging/mail/show-mailbox.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/messaging/mail/show-mailbox.ts';
export const config = { path: '/dev/mailbox', method: 'GET' };
