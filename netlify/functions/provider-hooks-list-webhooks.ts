// Generated from functions/integrations/provider-hooks/list-webhooks.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/provider-hooks/list-webhooks.ts';
export const config = { path: '/internal/webhooks', method: 'GET' };
