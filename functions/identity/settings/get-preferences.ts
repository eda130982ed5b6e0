import { sql } from 'drizzle-orm/sql';
import { endpoint } from '#core/endpoint.ts';
import { Preferences, preferencesOf, storedPreferences } from './shared/preferences.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/user/preferences',
  summary: 'Get your own preferences',
  description: 'What you have not chosen yourself is as your company has it.',
  who: ['user'],
  output: Preferences,
  query: () => ({
    statements: [
      storedPreferences(sql`(select private.caller_id())`, sql`(select private.caller_company_id())`),
    ],
    reply: ([found = []]) => ({
      body: JSON.stringify({ success: true, data: preferencesOf(found[0]) }),
    }),
  }),
});
