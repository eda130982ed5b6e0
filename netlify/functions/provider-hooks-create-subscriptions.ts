// Generated from functions/integrations/provider-hooks/create-subscriptions.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/provider-hooks/create-subscriptions.ts';
export const config = { path: '/internal/subscriptions/create', method: 'POST', includedFiles: ['../aws-sdk/**'] };
