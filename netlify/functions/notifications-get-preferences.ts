// Generated from functions/outgoing/notifications/get-preferences.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/inline-workers.ts';
export { serve as default } from '../../functions/outgoing/notifications/get-preferences.ts';
export const config = { path: '/api/notifications/preferences', method: 'GET', includedFiles: ['../aws-sdk/**'] };
