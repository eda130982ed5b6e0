// Generated from functions/team/resend-invitation.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/team/resend-invitation.ts';
export const config = { path: '/api/team/invitations/:id/resend', method: 'POST' };
