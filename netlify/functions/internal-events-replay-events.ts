// Generated from functions/integrations/internal-events/replay-events.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/internal-events/replay-events.ts';
export const config = { path: '/internal/events/replay', method: 'POST', includedFiles: ['../aws-sdk/**'] };
