// Generated from functions/identity/users/create-user.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/users/create-user.ts';
export const config = { path: '/api/users', method: 'POST', includedFiles: ['../aws-sdk/**'] };
