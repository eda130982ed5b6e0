// Generated from functions/integrations/apps/rotate-incoming-secret.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/apps/rotate-incoming-secret.ts';
export const config = { path: '/internal/companies/:company_id/incoming-secret', method: 'POST' };
