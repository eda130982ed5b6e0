import { sql } from 'drizzle-orm/sql';
import { endpoint } from '#core/endpoint.ts';
import { Notifications, preferencesOf, storedPreferences } from './shared/own-preferences.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/notifications/preferences',
  summary: 'Get your notification preferences',
  description:
    'For each category and channel; what you have not chosen yourself is as your company has it. Slack and Teams are channels of the company: its own settings say what goes there. The same as `notifications` in GET /api/settings/user/preferences.',
  who: ['user'],
  output: Notifications,
  query: () => ({
    statements: [
      storedPreferences(sql`(select private.caller_id())`, sql`(select private.caller_company_id())`),
    ],
    reply: ([found = []]) => ({
      body: JSON.stringify({ success: true, data: preferencesOf(found[0]).notifications }),
    }),
  }),
});
