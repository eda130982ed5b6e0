// Generated from functions/users/delete-user.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/users/delete-user.ts';
export const config = { path: '/api/users/:id', method: 'DELETE' };
