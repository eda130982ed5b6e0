// Generated from functions/settings/change-password.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/settings/change-password.ts';
export const config = { path: '/api/settings/password', method: 'PUT' };
