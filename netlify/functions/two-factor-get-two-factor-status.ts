// Generated from functions/identity/two-factor/get-two-factor-status.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/two-factor/get-two-factor-status.ts';
export const config = { path: '/api/auth/2fa/status', method: 'GET' };
