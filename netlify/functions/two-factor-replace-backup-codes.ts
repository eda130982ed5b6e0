// Generated from functions/identity/two-factor/replace-backup-codes.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/identity/two-factor/replace-backup-codes.ts';
export const config = { path: '/api/auth/2fa/backup-codes', method: 'POST', includedFiles: ['../aws-sdk/**'] };
