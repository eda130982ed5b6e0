// Generated from functions/identity/team/get-team-stats.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/team/get-team-stats.ts';
export const config = { path: '/api/team/stats', method: 'GET', includedFiles: ['../aws-sdk/**'] };
