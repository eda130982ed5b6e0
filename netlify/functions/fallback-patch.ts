// Generated from every route by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/_generated/fallback.ts';
export const config = { path: '/*', method: 'PATCH', excludedPath: ['/api/notifications/read-all', '/api/notifications/:id/read'], preferStatic: true };
