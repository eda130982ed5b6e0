// Generated from functions/users/get-user.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/users/get-user.ts';
export const config = { path: '/api/users/:id', method: 'GET' };
