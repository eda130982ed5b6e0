// Generated from functions/telephony/calls/get-call.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/telephony/calls/get-call.ts';
export const config = { path: '/api/calls/:id', method: 'GET', excludedPath: ['/api/calls/active'] };
