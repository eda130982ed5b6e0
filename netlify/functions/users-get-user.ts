// Generated from functions/identity/users/get-user.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/users/get-user.ts';
export const config = { path: '/api/users/:id', method: 'GET', includedFiles: ['../aws-sdk/**'] };
