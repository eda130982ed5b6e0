// Generated from functions/identity/team/preview-invitation.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/team/preview-invitation.ts';
export const config = { path: '/api/team/invitations/:token/preview', method: 'GET', includedFiles: ['../aws-sdk/**'] };
