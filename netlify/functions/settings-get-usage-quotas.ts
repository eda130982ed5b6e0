// Generated from functions/identity/settings/get-usage-quotas.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/settings/get-usage-quotas.ts';
export const config = { path: '/api/settings/usage-quotas', method: 'GET' };
