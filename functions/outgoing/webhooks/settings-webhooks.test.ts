import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { aPlatformAdmin, auditOf } from '#identity/settings/testing/people.ts';
import * as createWebhook from './create-settings-webhook.ts';
import * as deleteWebhook from './delete-settings-webhook.ts';
import * as listWebhooks from './list-settings-webhooks.ts';

const url = 'https://example.com/hooks/trunkline?token=in-the-query';

describe('POST /api/settings/webhooks', () => {
  test('makes a webhook, and shows its secret this once', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const events = ['call.completed', 'call.missed', 'call.completed'];
    const { status, body } = await admin.request(createWebhook, { url, events, description: 'CRM' });
    expect(status).toBe(201);
    const { secret, ...shown } = body.data;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toMatchObject({
      url,
      events: ['call.completed', 'call.missed'],
      isActive: true,
      createdBy: admin.id,
      disabledAt: null,
    });
    const listed = await admin.request(listWebhooks);
    expect(listed.body.data).toEqual([shown]);
    const [row] = await adminSql()`select secret from webhook_endpoints where id = ${shown.id}`;
    expect(row?.secret).not.toContain(secret);
    expect(
      decryptSecret(row?.secret, placeOf('webhook_endpoints.secret', { id: shown.id, company_id: acme.id })),
    ).toBe(secret);
    const { text, actions } = await auditOf(acme);
    expect(actions).toEqual(['webhook.created']);
    for (const hidden of [secret, 'in-the-query']) expect(text).not.toContain(hidden);
  });

  test('hears everything where no events are named, or * is among them', async () => {
    const admin = await (await aCompany()).as('admin');
    expect((await admin.request(createWebhook, { url })).body.data.events).toEqual(['*']);
    const both = await admin.request(createWebhook, { url, events: ['call.missed', '*'] });
    expect(both.body.data.events).toEqual(['*']);
  });

  test.each([
    ['url', {}],
    ['url', { url: 'example.com/hook' }],
    ['url', { url: 'ftp://example.com' }],
    ['url', { url: 'https://ada:secret@example.com/hook' }],
    ['url', { url: 'https://example.com/hook#part' }],
    ['url', { url: 'https://' }],
    ['url', { url: `https://example.com/${'x'.repeat(2000)}` }],
    ['events', { url, events: [] }],
    ['events.0', { url, events: ['call.exploded'] }],
    ['secret', { url, secret: 'mine' }],
    ['isActive', { url, isActive: 'no' }],
  ])('names %s when it is wrong', async (path, input) => {
    const { status, body } = await (await (await aCompany()).as('admin')).request(createWebhook, input);
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.details.map((detail: { path: string }) => detail.path)).toContain(path);
  });

  test('stops at five hundred, and at the company’s quota, however many come at once', async () => {
    const [acme, small] = [await aCompany(), await aCompany('Small')];
    await adminSql()`insert into webhook_endpoints (company_id, url, host, secret)
      select ${acme.id}, 'https://example.com', 'example.com', 'x' from generate_series(1, 497)`;
    await adminSql()`insert into company_settings (company_id, quotas) values (${small.id}, '{"webhooks": 1}')`;
    const statusesOf = async (company: typeof acme) => {
      const admin = await company.as('admin');
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => admin.request(createWebhook, { url })),
      );
      return answers.map(({ status }) => status).sort();
    };
    expect(await statusesOf(acme)).toEqual([201, 201, 201, 409, 409, 409]);
    expect(await statusesOf(small)).toEqual([201, 409, 409, 409, 409, 409]);
  });

  test('with one Idempotency-Key makes one, and gives its secret again', async () => {
    const acme = await aCompany();
    const { headers } = await acme.as('admin');
    const send = () => request(createWebhook, { url }, { ...headers, 'idempotency-key': 'once' });
    const [first, second] = [await send(), await send()];
    expect(second.text).toBe(first.text);
    const stored = await adminSql()`select secret, answer from webhook_endpoints w, idempotency_keys i
      where w.company_id = ${acme.id} and i.scope = ${acme.id}`;
    expect(stored).toHaveLength(1);
    expect(stored[0]?.answer).not.toContain(first.body.data.secret);
  });

  test('is for admins, as the list and the deletion are', async () => {
    const acme = await aCompany();
    const { id } = (await (await acme.as('owner')).request(createWebhook, { url })).body.data;
    for (const role of ['viewer', 'agent', 'manager'] as const) {
      const person = await acme.as(role);
      expect((await person.request(createWebhook, { url })).status).toBe(403);
      expect((await person.request(listWebhooks)).status).toBe(403);
      expect((await person.request(deleteWebhook, { id })).status).toBe(403);
    }
    const platform = await aPlatformAdmin();
    const own = (await platform.request(createWebhook, { url })).body.data;
    expect((await platform.request(listWebhooks)).body.data).toMatchObject([{ id: own.id }]);
  });
});

describe('DELETE /api/settings/webhooks/:id', () => {
  test('takes it away, once, and never another company’s', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const [admin, stranger] = [await acme.as('admin'), await other.as('owner')];
    const { id } = (await admin.request(createWebhook, { url })).body.data;
    for (const foreign of [id, randomUUID()]) {
      const { status, body } = await stranger.request(deleteWebhook, { id: foreign });
      expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
    }
    expect((await stranger.request(listWebhooks)).body.data).toEqual([]);
    const answers = await Promise.all([1, 2, 3].map(() => admin.request(deleteWebhook, { id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
    expect((await admin.request(listWebhooks)).body.data).toEqual([]);
    expect((await auditOf(acme)).actions).toEqual(['webhook.created', 'webhook.deleted']);
  });
});
