// Generated from functions/identity/team/remove-member.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/team/remove-member.ts';
export const config = { path: '/api/team/members/:userId', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
