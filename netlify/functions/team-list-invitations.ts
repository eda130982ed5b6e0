// Generated from functions/identity/team/list-invitations.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/team/list-invitations.ts';
export const config = { path: '/api/team/invitations', method: 'GET', includedFiles: ['../aws-sdk/**'] };
