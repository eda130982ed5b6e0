// Generated from functions/identity/auth/forgot-password.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/forgot-password.ts';
export const config = { path: '/api/auth/forgot-password', method: 'POST', includedFiles: ['../aws-sdk/**'] };
