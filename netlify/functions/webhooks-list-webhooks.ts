// Generated from functions/webhooks/list-webhooks.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/webhooks/list-webhooks.ts';
export const config = { path: '/api/webhooks', method: 'GET' };
