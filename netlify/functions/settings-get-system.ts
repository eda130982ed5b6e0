// Generated from functions/settings/get-system.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/settings/get-system.ts';
export const config = { path: '/api/settings/system', method: 'GET' };
