// Generated from functions/identity/team/invite-member.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/team/invite-member.ts';
export const config = { path: '/api/team/invite', method: 'POST', includedFiles: ['../aws-sdk/**'] };
