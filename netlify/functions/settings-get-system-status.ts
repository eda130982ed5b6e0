// Generated from functions/identity/settings/get-system-status.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/settings/get-system-status.ts';
export const config = { path: '/api/settings/system/status', method: 'GET', includedFiles: ['../aws-sdk/**'] };
