// Generated from functions/integrations/apps/add-app-links.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/apps/add-app-links.ts';
export const config = { path: '/internal/apps/:app_id/links', method: 'POST', includedFiles: ['../aws-sdk/**'] };
