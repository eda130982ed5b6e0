// Generated from functions/identity/auth/send-verification.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/send-verification.ts';
export const config = { path: '/api/auth/send-verification', method: 'POST', includedFiles: ['../aws-sdk/**'] };
