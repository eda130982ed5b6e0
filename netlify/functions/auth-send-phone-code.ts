// Generated from functions/identity/auth/send-phone-code.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/send-phone-code.ts';
export const config = { path: '/api/auth/phone/send-code', method: 'POST', includedFiles: ['../aws-sdk/**'] };
