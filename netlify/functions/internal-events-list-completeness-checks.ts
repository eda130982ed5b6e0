// Generated from functions/integrations/internal-events/list-completeness-checks.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/internal-events/list-completeness-checks.ts';
export const config = { path: '/internal/completeness', method: 'GET' };
