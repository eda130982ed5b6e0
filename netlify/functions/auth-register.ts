// Generated from functions/identity/auth/register.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/auth/register.ts';
export const config = { path: '/api/auth/register', method: 'POST', includedFiles: ['../aws-sdk/**'] };
