import { describe, expect, test } from 'vitest';
import { decryptSecret, placeOf } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { auditOf } from '#identity/settings/testing/people.ts';
import * as createWebhook from './create-webhook.ts';
import * as getWebhook from './get-webhook.ts';
import * as regenerateSecret from './regenerate-webhook-secret.ts';
import { signatureHeaders } from './shared/signing.ts';
import * as testWebhook from './test-webhook.ts';
import { aReceiver, verifies } from './testing/receiver.ts';

describe('POST /api/webhooks/:id/regenerate-secret', () => {
  test('lets the secret before it sign along for a day, and no older one', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const receiver = await aReceiver();
    const { id, secret: first } = (await admin.request(createWebhook, { url: receiver.url })).body.data;
    const regenerate = async () => (await admin.request(regenerateSecret, { id })).body.data;
    /** Which of the secrets a receiver could check what it gets now by. */
    const checkable = async (secrets: string[]) => {
      await admin.request(testWebhook, { id });
      const received = receiver.received.at(-1);
      return secrets.map((secret) => received !== undefined && verifies(secret, received));
    };
    const { secret: second, rotationEndsAt } = await regenerate();
    const hoursLeft = (Date.parse(rotationEndsAt) - Date.now()) / 3_600_000;
    expect(hoursLeft).toBeGreaterThan(23.9);
    expect(hoursLeft).toBeLessThanOrEqual(24.01);
    expect(await checkable([first, second])).toEqual([true, true]);
    const { secret: third } = await regenerate();
    expect(await checkable([first, second, third])).toEqual([false, true, true]);
    expect(new Set([first, second, third]).size).toBe(3);
    await adminSql()`update webhook_endpoints set rotation_ends_at = now() - interval '1 second' where id = ${id}`;
    expect(await checkable([second, third])).toEqual([false, true]);
    expect((await admin.request(getWebhook, { id })).body.data.rotationEndsAt).toBeNull();
    const { text, actions } = await auditOf(acme);
    expect(actions.filter((action) => action !== 'webhook.tested')).toEqual([
      ...['webhook.created', 'webhook.secret_regenerated', 'webhook.secret_regenerated'],
    ]);
    for (const secret of [first, second, third]) expect(text).not.toContain(secret);
  });

  test('of several at once leaves the last two secrets, each shown to one', async () => {
    const admin = await (await aCompany()).as('admin');
    const { id } = (await admin.request(createWebhook, { url: 'https://example.com' })).body.data;
    const answers = await Promise.all([1, 2, 3, 4].map(() => admin.request(regenerateSecret, { id })));
    const shown = answers.map(({ body }) => body.data.secret);
    const [row] =
      await adminSql()`select company_id, secret, previous_secret from webhook_endpoints where id = ${id}`;
    const kept = [
      decryptSecret(row?.secret, placeOf('webhook_endpoints.secret', { id, company_id: row?.company_id })),
      decryptSecret(
        row?.previous_secret,
        placeOf('webhook_endpoints.previous_secret', { id, company_id: row?.company_id }),
      ),
    ];
    expect(new Set(kept).size).toBe(2);
    for (const secret of kept) expect(shown).toContain(secret);
  });

  test('with one Idempotency-Key makes one, and gives it again', async () => {
    const acme = await aCompany();
    const admin = await acme.as('admin');
    const { id, secret } = (await admin.request(createWebhook, { url: 'https://example.com' })).body.data;
    const once = { ...admin.headers, 'idempotency-key': 'rotate' };
    const [one, two] = [
      await request(regenerateSecret, { id }, once),
      await request(regenerateSecret, { id }, once),
    ];
    expect(two.text).toBe(one.text);
    const [row] = await adminSql()`select previous_secret from webhook_endpoints where id = ${id}`;
    expect(
      decryptSecret(
        row?.previous_secret,
        placeOf('webhook_endpoints.previous_secret', { id, company_id: acme.id }),
      ),
    ).toBe(secret);
  });

  test('is for admins of the company', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    const { id } = (await (await acme.as('owner')).request(createWebhook, { url: 'https://example.com' }))
      .body.data;
    expect((await (await acme.as('manager')).request(regenerateSecret, { id })).status).toBe(403);
    expect((await (await acme.app()).request(regenerateSecret, { id })).status).toBe(403);
    expect((await (await other.as('owner')).request(regenerateSecret, { id })).status).toBe(404);
    const [row] = await adminSql()`select previous_secret from webhook_endpoints where id = ${id}`;
    expect(row?.previous_secret).toBeNull();
  });
});

/** Made with the libraries `standardwebhooks` 1.1.1 and `svix` 1.99.1. */
describe('the signature', () => {
  const a = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const b = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
  const message = {
    id: 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W',
    at: new Date(1_674_087_231_000),
    body: '{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{"id":"1f81eb52-5198-4599-803e-771906343485"}}',
  };
  const byA = 'v1,ARw42xaAApl/nxRo+iPGYwSaMQaOwMo2eyH5JBRA+bQ=';
  const byB = 'v1,4PMU5Dl90B4kgwxDpwuMZ/cnZ5ztf+Y+kviYQD66rJg=';

  test('is that of Standard Webhooks', () => {
    const older = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: new Date(1_614_265_330_000),
      body: '{"test": 2432232314}',
    };
    expect(signatureHeaders(older, [a])['webhook-signature']).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
    expect(signatureHeaders(message, [b])).toMatchObject({
      'webhook-id': message.id,
      'webhook-timestamp': '1674087231',
      'webhook-signature': byB,
    });
    expect(signatureHeaders(message, [b, a])['webhook-signature']).toBe(`${byB} ${byA}`);
  });

  test('is taken by whoever has either secret, and nobody else', () => {
    const received = {
      headers: signatureHeaders({ ...message, at: new Date() }, [b, a]),
      body: message.body,
    };
    expect([a, b].map((secret) => verifies(secret, received))).toEqual([true, true]);
    expect(verifies('whsec_IQAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw=', received)).toBe(false);
    expect(verifies(a, { ...received, body: `${message.body} ` })).toBe(false);
  });
});
