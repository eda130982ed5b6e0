import { sql } from 'drizzle-orm/sql';
import { endpoint } from '#core/endpoint.ts';
import { AllSettings } from './shared/all-settings.ts';
import { settingsOf, storedSettings } from './shared/company-settings.ts';
import { preferencesOf, storedPreferences } from './shared/preferences.ts';

const companyId = sql`(select private.caller_company_id())`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings',
  summary: 'Get all settings: your company’s and your own',
  who: ['user'],
  permission: 'settings:read',
  output: AllSettings,
  query: () => ({
    statements: [storedSettings(companyId), storedPreferences(sql`(select private.caller_id())`, companyId)],
    reply: ([company = [], own = []]) => ({
      body: JSON.stringify({
        success: true,
        data: { ...settingsOf(company[0]), preferences: preferencesOf(own[0]) },
      }),
    }),
  }),
});
