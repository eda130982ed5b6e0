// Generated from functions/identity/auth/update-settings-profile.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/update-settings-profile.ts';
export const config = { path: '/api/settings/profile', method: 'PUT' };
