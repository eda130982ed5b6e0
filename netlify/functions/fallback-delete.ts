// Generated from every route by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/_generated/fallback.ts';
export const config = { path: '/*', method: 'DELETE', excludedPath: ['/api/dashboard/agents/:agentId', '/internal/apps/:app_id/links/:link_id', '/internal/apps/:app_id/users/mappings/:id', '/internal/apps/:app_id/voicemails/:id', '/internal/webhooks/:webhook_id'], preferStatic: true };
