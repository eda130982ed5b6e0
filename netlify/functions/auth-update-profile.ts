// Generated from functions/identity/auth/update-profile.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/identity/auth/update-profile.ts';
export const config = { path: '/api/auth/profile', method: 'PUT' };
