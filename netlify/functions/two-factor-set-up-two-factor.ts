// Generated from functions/identity/two-factor/set-up-two-factor.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/two-factor/set-up-two-factor.ts';
export const config = { path: '/api/auth/2fa/setup', method: 'POST', includedFiles: ['../aws-sdk/**'] };
