// Generated from functions/identity/team/update-member-role.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/team/update-member-role.ts';
export const config = { path: '/api/team/members/:userId/role', method: 'PUT', includedFiles: ['../aws-sdk/**'] };
