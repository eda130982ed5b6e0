// Generated from functions/identity/two-factor/disable-two-factor.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/two-factor/disable-two-factor.ts';
export const config = { path: '/api/auth/2fa/disable', method: 'POST', includedFiles: ['../aws-sdk/**'] };
