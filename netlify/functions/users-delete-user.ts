// Generated from functions/identity/users/delete-user.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/identity/users/delete-user.ts';
export const config = { path: '/api/users/:id', method: 'DELETE', includedFiles: ['../aws-sdk/**'] };
