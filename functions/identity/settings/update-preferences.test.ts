import { describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import { mailLanguages } from '#messaging/mail/shared/render.ts';
import { languages as profileLanguages } from '../auth/public.ts';
import * as getPreferences from './get-preferences.ts';
import * as getSettings from './get-settings.ts';
import * as listLanguages from './list-languages.ts';
import * as listThemes from './list-themes.ts';
import { auditOf } from './testing/people.ts';
import * as updatePreferences from './update-preferences.ts';
import * as updateSettings from './update-settings.ts';

describe('PUT /api/settings/user/preferences', () => {
  test('is anyone’s own, a viewer’s too, and nobody else’s', async () => {
    const acme = await aCompany();
    const [viewer, agent] = [await acme.as('viewer'), await acme.as('agent')];
    const before = (await agent.request(getPreferences)).body.data;
    const { status, body } = await viewer.request(updatePreferences, {
      theme: 'midnight',
      language: 'de',
      timezone: 'Europe/Berlin',
      notifications: { categories: { calls: { email: false } } },
    });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ theme: 'midnight', language: 'de', timezone: 'Europe/Berlin' });
    expect((await viewer.request(getPreferences)).body.data).toEqual(body.data);
    expect((await agent.request(getPreferences)).body.data).toEqual(before);
    const [user] = await adminSql()`select language, timezone from users where id = ${viewer.id}`;
    expect(user).toEqual({ language: 'de', timezone: 'Europe/Berlin' });
    expect((await auditOf(acme)).actions).toEqual(['preferences.updated']);
  });

  test('leaves what was not chosen as the company has it, and null goes back to that', async () => {
    const acme = await aCompany();
    const [admin, agent] = [await acme.as('admin'), await acme.as('agent')];
    await agent.request(updatePreferences, {
      dateFormat: 'DD.MM.YYYY',
      notifications: { categories: { calls: { sms: false } } },
    });
    await admin.request(updateSettings, {
      general: { dateFormat: 'MM/DD/YYYY', timeFormat: '12h' },
      notifications: { categories: { calls: { sms: true, slack: true } } },
    });
    const own = (await agent.request(getPreferences)).body.data;
    expect(own).toMatchObject({ dateFormat: 'DD.MM.YYYY', timeFormat: '12h' });
    expect(own.notifications.categories.calls).toMatchObject({ sms: false, slack: true });
    const { body } = await agent.request(updatePreferences, {
      dateFormat: null,
      notifications: { categories: { calls: { sms: null } } },
    });
    expect(body.data.dateFormat).toBe('MM/DD/YYYY');
    expect(body.data.notifications.categories.calls.sms).toBe(true);
  });

  test('can still be read when the company’s quiet hours change beneath a person’s own', async () => {
    const acme = await aCompany();
    const [admin, agent] = [await acme.as('admin'), await acme.as('agent')];
    await agent.request(updatePreferences, {
      notifications: { quietHours: { isEnabled: true, from: '21:00' } },
    });
    await admin.request(updateSettings, { notifications: { quietHours: { to: '21:00' } } });
    expect((await agent.request(getPreferences)).status).toBe(200);
    // And be changed in all else; of the quiet hours themselves, they are told.
    const themed = await agent.request(updatePreferences, { theme: 'dark', language: 'de' });
    expect([themed.status, themed.body.data?.theme]).toEqual([200, 'dark']);
    const told = await agent.request(updatePreferences, {
      notifications: { categories: { calls: { sms: true } } },
    });
    expect([told.status, told.body.details?.[0].path]).toEqual([400, 'notifications.quietHours.to']);
    const mended = await agent.request(updatePreferences, {
      notifications: { quietHours: { from: '20:00' } },
    });
    expect(mended.status).toBe(200);
  });

  test('loses nothing of twelve at once', async () => {
    const acme = await aCompany();
    const agent = await acme.as('agent');
    const categories = ['orders', 'payments', 'invoices', 'campaigns', 'calls', 'team'];
    const patches = categories.flatMap((category) =>
      ['sms', 'teams'].map((channel) => ({
        notifications: { categories: { [category]: { [channel]: true } } },
      })),
    );
    const answers = await Promise.all(patches.map((patch) => agent.request(updatePreferences, patch)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { notifications } = (await agent.request(getPreferences)).body.data;
    for (const category of categories) {
      expect(notifications.categories[category]).toMatchObject({ sms: true, teams: true });
    }
  });

  test.each([
    ['theme', { theme: 'neon' }],
    ['language', { language: 'tlh' }],
    ['language', { language: null }],
    ['timezone', { timezone: 'Mars/Olympus' }],
    ['timezone', { timezone: '+05:30' }],
    ['userId', { userId: '0190a5d0-0000-7000-8000-000000000000' }],
    [
      'notifications.categories.security.email',
      { notifications: { categories: { security: { email: false } } } },
    ],
  ])('names %s when it is wrong', async (path, patch) => {
    const { status, body } = await (await (await aCompany()).as('agent')).request(updatePreferences, patch);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.map((detail: { path: string }) => detail.path)).toContain(path);
  });
});

describe('PUT /api/settings', () => {
  test('lets a viewer change their own preferences, and answers with everything', async () => {
    const acme = await aCompany();
    const viewer = await acme.as('viewer');
    const { status, body } = await viewer.request(updateSettings, { preferences: { theme: 'dark' } });
    expect([status, body.data.preferences.theme, body.data.voice.speed]).toEqual([200, 'dark', 1]);
    expect((await viewer.request(getSettings)).body.data).toEqual(body.data);
    expect((await auditOf(acme)).actions).toEqual(['preferences.updated']);
    expect(await adminSql()`select 1 from company_settings where company_id = ${acme.id}`).toEqual([]);
  });

  test('does not wait, with one’s own alone, for whoever changes the company’s', async () => {
    const acme = await aCompany();
    const [admin, viewer] = [await acme.as('admin'), await acme.as('viewer')];
    await admin.request(updateSettings, { voice: { speed: 2 } });
    await adminSql().begin(async (other) => {
      await other`select 1 from company_settings where company_id = ${acme.id} for update`;
      const { status, body } = await viewer.request(updateSettings, { preferences: { theme: 'dark' } });
      expect([status, body.data?.voice.speed]).toEqual([200, 2]);
    });
  });

  test('changes the company’s and one’s own at once, among many that do the same, or neither', async () => {
    const acme = await aCompany();
    const [admin, owner] = [await acme.as('admin'), await acme.as('owner')];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (i % 2 ? admin : owner).request(updateSettings, {
          ai: { temperature: i / 10 },
          preferences: { theme: i % 3 ? 'dark' : 'light' },
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const before = (await admin.request(getSettings)).body.data;
    const wrong = await admin.request(updateSettings, {
      ai: { temperature: 1.9 },
      preferences: { notifications: { quietHours: { isEnabled: true, from: '01:00', to: '01:00' } } },
    });
    expect(wrong.status).toBe(400);
    expect((await admin.request(getSettings)).body.data).toEqual(before);
  });
});

describe('the lists to choose from', () => {
  const luminance = (color: string) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const c = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one: string, two: string) => {
    const [light = 0, dark = 0] = [luminance(one), luminance(two)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  test('have themes that can be read: WCAG AA, and AAA where high contrast is promised', async () => {
    const { body } = await (await (await aCompany()).as('viewer')).request(listThemes);
    for (const { id, colors } of body.data) {
      const least = id === 'high-contrast' ? 7 : 4.5;
      for (const name of ['text', 'mutedText', 'primary', 'success', 'warning', 'danger']) {
        for (const ground of ['background', 'surface'])
          expect(contrast(colors[name], colors[ground]), `${id} ${name} on ${ground}`).toBeGreaterThanOrEqual(
            least,
          );
      }
      expect(contrast(colors.onPrimary, colors.primary), `${id} onPrimary`).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('have every theme and language that can be chosen', async () => {
    const viewer = await (await aCompany()).as('viewer');
    for (const { id } of (await viewer.request(listThemes)).body.data) {
      expect((await viewer.request(updatePreferences, { theme: id })).body.data.theme).toBe(id);
    }
    const { data } = (await viewer.request(listLanguages)).body;
    const codes = data.map(({ code }: { code: string }) => code);
    expect(codes).toEqual([...new Set(codes)]);
    expect(codes).toEqual([...profileLanguages]);
    for (const language of codes.slice(-2)) {
      expect((await viewer.request(updatePreferences, { language })).body.data.language).toBe(language);
    }
    const display = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
    for (const { code, name } of data) expect(display.of(code)).toBe(name);
    const mailed = data.filter((language: { hasEmailTemplates: boolean }) => language.hasEmailTemplates);
    expect(mailed.map(({ code }: { code: string }) => code).sort()).toEqual([...mailLanguages].sort());
  });
});
