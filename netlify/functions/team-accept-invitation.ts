// Generated from functions/team/accept-invitation.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/team/accept-invitation.ts';
export const config = { path: '/api/team/invitations/:token/accept', method: 'POST' };
