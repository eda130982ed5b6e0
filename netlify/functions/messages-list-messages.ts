// Generated from functions/messages/list-messages.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/messages/list-messages.ts';
export const config = { path: '/api/messages', method: 'GET' };
