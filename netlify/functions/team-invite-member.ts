// Generated from functions/team/invite-member.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/team/invite-member.ts';
export const config = { path: '/api/team/invite', method: 'POST' };
