// Generated from functions/team/delete-invitation.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/team/delete-invitation.ts';
export const config = { path: '/api/team/invitations/:id', method: 'DELETE' };
