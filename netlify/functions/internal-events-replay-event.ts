// Generated from functions/integrations/internal-events/replay-event.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/integrations/internal-events/replay-event.ts';
export const config = { path: '/internal/events/:id/replay', method: 'POST', includedFiles: ['../aws-sdk/**'] };
