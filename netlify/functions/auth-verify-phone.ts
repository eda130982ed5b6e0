// Generated from functions/identity/auth/verify-phone.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/verify-phone.ts';
export const config = { path: '/api/auth/phone/verify', method: 'POST', includedFiles: ['../aws-sdk/**'] };
