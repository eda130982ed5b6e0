// Generated from functions/identity/team/delete-invitation.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/team/delete-invitation.ts';
export const config = { path: '/api/team/invitations/:id', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
