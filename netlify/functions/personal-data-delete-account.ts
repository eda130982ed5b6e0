// Generated from functions/personal-data/delete-account.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/personal-data/delete-account.ts';
export const config = { path: '/api/settings/account', method: 'DELETE' };
