// Generated from functions/identity/team/list-permissions.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/team/list-permissions.ts';
export const config = { path: '/api/team/permissions', method: 'GET', includedFiles: ['../aws-sdk/**'] };
