// Generated from functions/notifications/update-preferences.ts by `npm run generate`. Do not edit.
import '../../functions/_generated/hand-over.ts';
export { serve as default } from '../../functions/notifications/update-preferences.ts';
export const config = { path: '/api/notifications/preferences', method: 'PUT' };
