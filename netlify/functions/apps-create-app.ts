// Generated from functions/integrations/apps/create-app.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/apps/create-app.ts';
export const config = { path: '/internal/apps', method: 'POST', includedFiles: ['../aws-sdk/**'] };
