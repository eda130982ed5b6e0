import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { decryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { aPlatformAdmin, auditOf } from '#identity/settings/testing/people.ts';
import * as dispatchEvents from '../events/dispatch-events.worker.ts';
import { anEvent } from '../events/testing/outbox.ts';
import * as createCompanyWebhook from './create-company-webhook.ts';
import * as createSettingsWebhook from './create-settings-webhook.ts';
import * as createWebhook from './create-webhook.ts';
import * as deleteWebhook from './delete-webhook.ts';
import * as getWebhook from './get-webhook.ts';
import * as listCompanyWebhooks from './list-company-webhooks.ts';
import * as listSettingsWebhooks from './list-settings-webhooks.ts';
import * as listWebhooks from './list-webhooks.ts';
import * as sendDeliveries from './send-deliveries.worker.ts';
import { aReceiver, verifies } from './testing/receiver.ts';
import * as updateWebhook from './update-webhook.ts';

const url = 'https://example.com/hooks/trunkline?token=in-the-query';
const headers = { 'X-Api-Token': 'opens-the-receiver', authorization: 'Bearer of-the-receiver' };

const storedOf = async (id: string) =>
  (await adminSql()`select * from webhook_endpoints where id = ${id}`)[0];

describe('a webhook', () => {
  test('is the same by each of its addresses', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const made = [
      await admin.request(createWebhook, { url, events: ['call.missed'] }),
      await admin.request(createSettingsWebhook, { url, events: ['call.missed'] }),
      await admin.request(createCompanyWebhook, { url, events: ['call.missed'], companyId: acme.id }),
    ];
    for (const { status, body } of made) {
      expect(status).toBe(201);
      const { secret, ...shown } = body.data;
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect((await admin.request(getWebhook, { id: shown.id })).body.data).toEqual(shown);
    }
    const lists = [
      await admin.request(listWebhooks),
      await admin.request(listSettingsWebhooks),
      await admin.request(listCompanyWebhooks, { companyId: acme.id }),
    ];
    const ids = made.map(({ body }) => body.data.id).reverse();
    for (const { body } of lists) expect(body.data.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(lists.map(({ body }) => body.data)).toEqual([1, 2, 3].map(() => lists[0]?.body.data));
  });

  test('shows of its headers the names only, keeps them encrypted, and audits no secret', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const { body } = await admin.request(createWebhook, {
      url,
      headers,
      description: 'CRM',
      isActive: false,
    });
    const { id, secret } = body.data;
    expect(body.data).toMatchObject({
      headerNames: ['x-api-token', 'authorization'],
      isActive: false,
      description: 'CRM',
      createdBy: admin.id,
      failingSince: null,
      disabledAt: null,
      disabledReason: null,
      rotationEndsAt: null,
    });
    const stored = await storedOf(id);
    expect(stored).toMatchObject({ host: 'example.com', header_names: ['x-api-token', 'authorization'] });
    expect(
      JSON.parse(
        decryptSecret(
          stored?.headers,
          placeOf('webhook_endpoints.headers', { id, company_id: acme.id, url }),
        ),
      ),
    ).toEqual({
      'x-api-token': headers['X-Api-Token'],
      authorization: headers.authorization,
    });
    const elsewhere = await admin.request(updateWebhook, { id, url: 'https://other.example.com/hook' });
    expect([elsewhere.status, elsewhere.body.details]).toEqual([
      400,
      [
        {
          path: 'headers',
          message: `must be given again, or as {}: they were set for ${new URL(url).origin}`,
        },
      ],
    ]);
    const changed = await admin.request(updateWebhook, {
      id,
      url: `${url}&more=also-secret`,
      headers: { 'x-other': 'another-secret' },
    });
    expect(changed.body.data.headerNames).toEqual(['x-other']);
    const emptied = await admin.request(updateWebhook, { id, headers: null });
    expect(emptied.body.data.headerNames).toEqual([]);
    expect((await storedOf(id))?.headers).toBeNull();
    await admin.request(deleteWebhook, { id });
    const { text, actions } = await auditOf(acme);
    expect(actions).toEqual(['webhook.created', 'webhook.updated', 'webhook.updated', 'webhook.deleted']);
    const told = text + changed.text + emptied.text + (await admin.request(listWebhooks)).text;
    const secrets = [secret, headers['X-Api-Token'], headers.authorization, 'another-secret'];
    for (const hidden of secrets) expect(told).not.toContain(hidden);
    for (const hidden of ['in-the-query', 'also-secret']) expect(text).not.toContain(hidden);
  });

  test.each([
    ['a line break', { 'x-a': 'one\r\nx-injected: two' }],
    ['a bare line feed', { 'x-a': 'one\ntwo' }],
    ['letters beyond ASCII', { 'x-a': 'naïve' }],
    ['a name with a space', { 'x a': 'one' }],
    ['a name with a line break', { 'x-a\r\nx-b': 'one' }],
    ['a name with a colon', { 'x-a: b': 'one' }],
    ['an empty name', { '': 'one' }],
    ['Host', { Host: 'internal' }],
    ['Content-Length', { 'Content-Length': '0' }],
    ['Transfer-Encoding', { 'transfer-encoding': 'chunked' }],
    ['a signature', { 'Webhook-Signature': 'v1,mine' }],
    ['the older signature', { 'X-Webhook-Signature': 'sha256=mine' }],
    ['a number', { 'x-a': 1 }],
    ['too many', Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'one']))],
  ])('takes no header with %s', async (_, bad) => {
    const admin = await (await aCompany()).as('admin');
    const made = (await admin.request(createWebhook, { url })).body.data;
    for (const response of [
      await admin.request(createWebhook, { url, headers: bad }),
      await admin.request(updateWebhook, { id: made.id, headers: bad }),
    ]) {
      expect([response.status, response.body.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(response.body.details[0].path).toMatch(/^headers/);
    }
    expect((await storedOf(made.id))?.headers).toBeNull();
  });

  test('of production goes to no private address, also when it is changed', async () => {
    const admin = await (await aCompany()).as('admin');
    const { id } = (await admin.request(createWebhook, { url })).body.data;
    setSettings({ WEBHOOK_ALLOW_PRIVATE: 'false' });
    try {
      for (const bad of [
        'http://127.0.0.1/hook',
        'http://169.254.169.254/',
        'http://[::1]/',
        'https://db.internal',
      ]) {
        expect((await admin.request(createWebhook, { url: bad })).status).toBe(400);
        expect((await admin.request(updateWebhook, { id, url: bad })).status).toBe(400);
      }
    } finally {
      setSettings({ WEBHOOK_ALLOW_PRIVATE: undefined });
    }
  });
});

describe('PUT /api/webhooks/:id', () => {
  test('changes what is given and nothing else, and audits only a change', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const made = (await admin.request(createWebhook, { url, headers, description: 'CRM' })).body.data;
    const { secret: _, ...before } = made;
    const one = await admin.request(updateWebhook, { id: made.id, events: ['call.missed', 'call.missed'] });
    expect(one.body.data).toEqual({
      ...before,
      events: ['call.missed'],
      updatedAt: expect.stringMatching(/^\d{4}-/),
    });
    const again = await admin.request(updateWebhook, { id: made.id, events: ['call.missed'], headers });
    expect(again.body.data).toEqual(one.body.data);
    const two = await admin.request(updateWebhook, {
      id: made.id,
      url: 'https://Other.example.net:8443/x',
      description: null,
      headers,
    });
    expect(two.body.data).toMatchObject({ description: null, events: ['call.missed'], isActive: true });
    expect(await storedOf(made.id)).toMatchObject({ host: 'other.example.net' });
    expect((await auditOf(acme)).actions).toEqual(['webhook.created', 'webhook.updated', 'webhook.updated']);
    expect((await admin.request(updateWebhook, { id: made.id })).status).toBe(400);
    expect((await admin.request(updateWebhook, { id: made.id, secret: 'mine' })).status).toBe(400);
  });

  test('switches one on again that failed for too long, as if it had never failed, and sends what waited', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const { id } = (await admin.request(createWebhook, { url })).body.data;
    const fail =
      () => adminSql()`update webhook_endpoints set is_active = false, disabled_at = now(), failures = 9,
      disabled_reason = 'Every attempt of 5 days failed.', failing_since = now() - interval '6 days',
      paused_until = now() + interval '5 minutes', told_at = now() where id = ${id}`;
    await fail();
    const off = await admin.request(getWebhook, { id });
    expect(off.body.data).toMatchObject({
      isActive: false,
      disabledAt: expect.any(String),
      disabledReason: 'Every attempt of 5 days failed.',
      failingSince: expect.any(String),
    });
    const woken = vi.fn(async () => {});
    setInlineRunner(woken);
    await admin.request(updateWebhook, { id, isActive: false, description: 'still off' });
    expect((await storedOf(id))?.disabled_reason).toBe('Every attempt of 5 days failed.');
    expect(woken).not.toHaveBeenCalled();
    const { body } = await admin.request(updateWebhook, { id, isActive: true });
    expect(body.data).toMatchObject({
      isActive: true,
      disabledAt: null,
      disabledReason: null,
      failingSince: null,
    });
    expect(await storedOf(id)).toMatchObject({ failures: 0, paused_until: null, told_at: null });
    expect(woken).toHaveBeenCalledExactlyOnceWith('deliveries', [id]);
    setInlineRunner(async () => {});
  });

  test('forgives a new address what the old one did, and sends there what waits', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const [old, next] = [await aReceiver((response) => response.writeHead(500).end()), await aReceiver()];
    const { id, secret } = (await admin.request(createWebhook, { url: old.url })).body.data;
    await anEvent(acme.id);
    await dispatchEvents.run([acme.id]);
    await sendDeliveries.run([id]);
    expect(old.received).toHaveLength(1);
    expect(await storedOf(id)).toMatchObject({ failures: 1 });
    await admin.request(updateWebhook, { id, url: next.url, headers: { 'X-Tenant': 'acme' } });
    expect(await storedOf(id)).toMatchObject({ failures: 0, failing_since: null });
    await adminSql()`update webhook_deliveries set next_attempt_at = now() where endpoint_id = ${id}`;
    await sendDeliveries.run([id]);
    const [received] = next.received;
    expect(received?.headers['x-tenant']).toBe('acme');
    expect(received && verifies(secret, received)).toBe(true);
    expect(old.received).toHaveLength(1);
  });

  test('of two at once loses neither', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const { id } = (await admin.request(createWebhook, { url })).body.data;
    await Promise.all([
      admin.request(updateWebhook, { id, description: 'both' }),
      admin.request(updateWebhook, { id, events: ['call.missed'] }),
      admin.request(updateWebhook, { id, headers: { 'x-a': 'b' } }),
    ]);
    expect((await admin.request(getWebhook, { id })).body.data).toMatchObject({
      description: 'both',
      events: ['call.missed'],
      headerNames: ['x-a'],
    });
  });
});

describe('DELETE /api/webhooks/:id', () => {
  test('goes through while what came of a delivery is stored, whoever waits for whom', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const { id } = (await admin.request(createWebhook, { url })).body.data;
    await anEvent(acme.id);
    await dispatchEvents.run([acme.id]);
    const sender = await adminSql().reserve();
    try {
      await sender`begin`;
      await sender`update webhook_deliveries set attempts = attempts where endpoint_id = ${id}`;
      const deletion = admin.request(deleteWebhook, { id });
      const [me] = await sender`select pg_backend_pid() as pid`;
      await expect
        .poll(() => adminSql()`select 1 from pg_stat_activity where ${me?.pid} = any(pg_blocking_pids(pid))`)
        .not.toEqual([]);
      await sender`update webhook_endpoints set failures = 1 where id = ${id}`; // now each waits for the other
      await sender`commit`;
      expect((await deletion).status).toBe(200);
    } finally {
      sender.release();
    }
    const left = await adminSql()`select 1 from webhook_deliveries where endpoint_id = ${id}`;
    expect(left).toHaveLength(0);
    expect((await auditOf(acme)).actions).toEqual(['webhook.created', 'webhook.deleted']);
  });
});

describe('who may manage webhooks', () => {
  const each = [
    { endpoint: listWebhooks, scope: 'webhooks:read' },
    { endpoint: getWebhook, scope: 'webhooks:read' },
    { endpoint: listCompanyWebhooks, scope: 'webhooks:read' },
    { endpoint: createWebhook, scope: 'webhooks:write' },
    { endpoint: createCompanyWebhook, scope: 'webhooks:write' },
    { endpoint: updateWebhook, scope: 'webhooks:write' },
    { endpoint: deleteWebhook, scope: 'webhooks:write' },
  ] as const;

  test('admins, and keys of the company with the scope; neither lesser roles nor the keys of apps', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    for (const { endpoint, scope } of each) {
      const { id } = (await admin.request(createWebhook, { url })).body.data;
      const all: Record<string, unknown> = { id, companyId: acme.id, url, description: 'x' };
      const fields = Object.keys(endpoint.contract.input.shape);
      const input = Object.fromEntries(Object.entries(all).filter(([name]) => fields.includes(name)));
      for (const role of ['viewer', 'agent', 'manager'] as const)
        expect((await (await acme.as(role)).request(endpoint, input)).status).toBe(403);
      expect((await (await acme.key(['calls:read', 'events:read'])).request(endpoint, input)).status).toBe(
        403,
      );
      const other = scope === 'webhooks:read' ? 'webhooks:write' : 'webhooks:read';
      expect((await (await acme.key([other])).request(endpoint, input)).status).toBe(403);
      const ofApp = await (await acme.app(['*'])).request(endpoint, input);
      expect([endpoint.contract.path, ofApp.status, ofApp.body.code]).toEqual([
        endpoint.contract.path,
        403,
        'FORBIDDEN',
      ]);
      const withKey = await (await acme.key([scope])).request(endpoint, input);
      expect([endpoint.contract.path, withKey.status]).toEqual([
        endpoint.contract.path,
        endpoint.contract.status,
      ]);
    }
  });

  test('nobody of another company: its ids are as unknown as any', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const { id } = (await (await acme.as('owner')).request(createWebhook, { url })).body.data;
    const callers = [await other.as('owner'), await other.key()];
    for (const caller of callers) {
      for (const endpoint of [getWebhook, updateWebhook, deleteWebhook]) {
        const ask = async (asked: string) => {
          const given = endpoint === updateWebhook ? { description: 'mine' } : {};
          const { status, body } = await caller.request(endpoint, { id: asked, ...given });
          return { status, body: { ...body, requestId: '' } };
        };
        const random = await ask(randomUUID());
        expect(random.status).toBe(404);
        expect(await ask(id)).toEqual(random);
      }
      for (const endpoint of [listCompanyWebhooks, createCompanyWebhook]) {
        const ask = async (companyId: string) => {
          const given = endpoint === createCompanyWebhook ? { url } : {};
          const { status, body } = await caller.request(endpoint, { companyId, ...given });
          return { status, body: { ...body, requestId: '' } };
        };
        const random = await ask(randomUUID());
        expect(random.status).toBe(404);
        expect(await ask(acme.id)).toEqual(random);
      }
      expect((await caller.request(listWebhooks)).body.data).toEqual([]);
    }
    expect(await storedOf(id)).toMatchObject({ description: null });
    const [{ n } = { n: 0 }] = await adminSql()`select count(*)::int as n from webhook_endpoints
      where company_id in (${acme.id}, ${other.id})`;
    expect(n).toBe(1);
  });

  test('a platform admin, for any company that is there', async () => {
    const acme = await aCompany();
    const platform = await aPlatformAdmin();
    const made = await platform.request(createCompanyWebhook, { companyId: acme.id, url });
    expect(made.status).toBe(201);
    const listed = await platform.request(listCompanyWebhooks, { companyId: acme.id });
    expect(listed.body.data).toMatchObject([{ id: made.body.data.id, createdBy: platform.id }]);
    expect((await platform.request(listWebhooks)).body.data).toEqual([]);
    expect((await auditOf(acme)).actions).toEqual(['webhook.created']);
    expect((await platform.request(listCompanyWebhooks, { companyId: randomUUID() })).status).toBe(404);
    await adminSql()`update companies set deleted_at = now() where id = ${acme.id}`;
    expect((await platform.request(createCompanyWebhook, { companyId: acme.id, url })).status).toBe(404);
  });

  test('the key of somebody who is no admin any more manages none', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const { key, headers: given } = await acme.key(['webhooks:write']);
    await adminSql()`update api_keys set user_id = ${admin.id} where prefix = ${key.slice(0, 12)}
      or company_id = ${acme.id}`;
    const made = await request(createWebhook, { url }, given);
    expect([made.status, made.body.data?.createdBy]).toEqual([201, admin.id]);
    await adminSql()`update memberships set role = 'agent' where company_id = ${acme.id} and user_id = ${admin.id}`;
    expect((await request(createWebhook, { url }, given)).status).toBe(403);
  });
});
