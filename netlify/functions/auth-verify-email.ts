// Generated from functions/identity/auth/verify-email.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/verify-email.ts';
export const config = { path: '/api/auth/verify-email', method: 'POST', includedFiles: ['../aws-sdk/**'] };
