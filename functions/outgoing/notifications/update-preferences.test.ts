import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import * as getPreferences from '#identity/settings/get-preferences.ts';
import * as updatePreferences from '#identity/settings/update-preferences.ts';
import * as getNotificationPreferences from './get-preferences.ts';
import { companyPrefers } from './testing/notices.ts';
import * as updateNotificationPreferences from './update-preferences.ts';

describe('notification preferences', () => {
  test('are the company’s where one has not chosen, and the same as those of the settings', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    await companyPrefers(acme, { categories: { calls: { sms: true, email: false } } });
    const { status, body } = await agent.request(getNotificationPreferences);
    expect(status).toBe(200);
    expect(body.data.categories.calls).toEqual({
      email: false,
      sms: true,
      inApp: true,
      slack: false,
      teams: false,
    });
    const changed = await agent.request(updateNotificationPreferences, {
      categories: { calls: { email: true } },
      quietHours: { isEnabled: true, from: '21:30' },
    });
    expect(changed.body.data.categories.calls).toMatchObject({ email: true, sms: true });
    expect(changed.body.data.quietHours).toEqual({ isEnabled: true, from: '21:30', to: '07:00' });
    expect((await agent.request(getPreferences)).body.data.notifications).toEqual(changed.body.data);
    await agent.request(updatePreferences, { notifications: { categories: { calls: { sms: false } } } });
    expect((await agent.request(getNotificationPreferences)).body.data.categories.calls.sms).toBe(false);
    const back = await agent.request(updateNotificationPreferences, {
      categories: { calls: { email: null } },
    });
    expect(back.body.data.categories.calls.email).toBe(false);
  });

  test('leave one’s other preferences, and other people’s, as they are, and are audited', async () => {
    const acme = await aCompany();
    const [agent, viewer] = [await acme.as('agent'), await acme.as('viewer')];
    await agent.request(updatePreferences, { theme: 'dark', language: 'de' });
    const before = (await viewer.request(getPreferences)).body.data;
    await agent.request(updateNotificationPreferences, { categories: { team: { email: false } } });
    expect((await agent.request(getPreferences)).body.data).toMatchObject({ theme: 'dark', language: 'de' });
    expect((await viewer.request(getPreferences)).body.data).toEqual(before);
    const [entry] = await adminSql()`select action, actor_id, after from audit_logs
      where company_id = ${acme.id} order by number desc limit 1`;
    expect(entry).toEqual({
      ...{ action: 'preferences.updated', actor_id: agent.id },
      after: { notifications: { categories: { team: { email: false } } } },
    });
  });

  test('keep mails about security on, and refuse what is none', async () => {
    const agent = await (await aCompany()).as('agent');
    const refused = [
      { categories: { security: { email: false } } },
      { categories: { weather: { email: true } } },
      { categories: { calls: { pigeon: true } } },
      { categories: { calls: { email: 'yes' } } },
      { quietHours: { from: '25:00' } },
      { quietHours: { isEnabled: true, from: '07:00' } },
      { language: 'de' },
      { categories: [] },
    ];
    for (const input of refused) {
      const { status, body } = await agent.request(updateNotificationPreferences, input);
      expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    }
    const { body } = await agent.request(updateNotificationPreferences, {
      categories: { security: { email: null } },
    });
    expect(body.data.categories.security.email).toBe(true);
    expect((await agent.request(updateNotificationPreferences)).status).toBe(200);
  });
});
