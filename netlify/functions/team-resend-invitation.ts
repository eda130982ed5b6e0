// Generated from functions/identity/team/resend-invitation.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/team/resend-invitation.ts';
export const config = { path: '/api/team/invitations/:id/resend', method: 'POST', includedFiles: ['../aws-sdk/**'] };
