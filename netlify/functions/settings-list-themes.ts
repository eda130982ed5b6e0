// Generated from functions/identity/settings/list-themes.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/settings/list-themes.ts';
export const config = { path: '/api/settings/themes', method: 'GET' };
