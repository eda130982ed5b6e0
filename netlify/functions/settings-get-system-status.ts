// Generated from functions/settings/get-system-status.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/settings/get-system-status.ts';
export const config = { path: '/api/settings/system/status', method: 'GET' };
