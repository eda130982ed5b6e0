// Generated from every route by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/_generated/fallback.ts';
export const config = { path: '/*', method: 'PUT', excludedPath: ['/api/auth/password', '/api/auth/profile', '/api/companies/:id', '/api/dashboard/agents/:agentId', '/api/notifications/preferences', '/api/settings', '/api/settings/company/:companyId', '/api/settings/password', '/api/settings/profile', '/api/settings/user/preferences', '/api/team/members/:userId/role', '/api/users/:id', '/api/webhooks/:id'], preferStatic: true };
