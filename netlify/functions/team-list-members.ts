// Generated from functions/identity/team/list-members.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/team/list-members.ts';
export const config = { path: '/api/team/members', method: 'GET', includedFiles: ['../aws-sdk/**'] };
