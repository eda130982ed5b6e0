// Generated from functions/users/create-user.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/users/create-user.ts';
export const config = { path: '/api/users', method: 'POST' };
