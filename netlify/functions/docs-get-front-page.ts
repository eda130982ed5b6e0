// Generated from functions/platform/docs/get-front-page.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/platform/docs/get-front-page.ts';
export const config = { path: '/', method: 'GET' };
