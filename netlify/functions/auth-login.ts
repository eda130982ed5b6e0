// Generated from functions/identity/auth/login.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/login.ts';
export const config = { path: '/api/auth/login', method: 'POST', includedFiles: ['../aws-sdk/**'] };
