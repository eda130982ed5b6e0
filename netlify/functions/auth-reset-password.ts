// Generated from functions/identity/auth/reset-password.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/reset-password.ts';
export const config = { path: '/api/auth/reset-password', method: 'POST', includedFiles: ['../aws-sdk/**'] };
