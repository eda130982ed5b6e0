import { describe, expect, test, vi } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { internal } from '#core/testing/internal.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as createSubscriptions from './create-subscriptions.ts';
import * as createWebhook from './create-webhook.ts';
import * as deleteWebhook from './delete-webhook.ts';
import * as getWebhook from './get-webhook.ts';
import * as listWebhooks from './list-webhooks.ts';
import { anApp, apiKey, client } from './testing/dialpad.ts';

describe('what is subscribed', () => {
  test('can be chosen: states, direction, target, and only one of the two', async () => {
    const app = await anApp();
    await internal(createWebhook, { app_id: app.app_id });
    const calls = await internal(createSubscriptions, {
      app_id: app.app_id,
      types: ['call'],
      call_states: ['hangup', 'missed'],
      target_type: 'office',
      target_id: 5_012_345_678_000_001,
    });
    expect(calls.body.data.created).toMatchObject([
      {
        type: 'call',
        call_states: ['hangup', 'missed'],
        target_type: 'office',
        target_id: '5012345678000001',
      },
    ]);
    const messages = await internal(createSubscriptions, {
      app_id: app.app_id,
      types: ['sms'],
      direction: 'inbound',
    });
    expect(messages.body.data.subscriptions).toHaveLength(2);
    const wholeCompany = await internal(createSubscriptions, { app_id: app.app_id, types: ['call'] });
    expect(wholeCompany.status).toBe(201);
    const again = await internal(createSubscriptions, { app_id: app.app_id });
    expect([again.status, again.body.code]).toEqual([409, 'CONFLICT']);
  });

  test('needs a webhook first, and one of this app', async () => {
    const [app, other] = [await anApp(), await anApp()];
    const none = await internal(createSubscriptions, { app_id: app.app_id });
    expect(none.status).toBe(409);
    expect(none.body.message).toContain('/internal/webhooks/create');
    const theirs = (await internal(createWebhook, { app_id: other.app_id })).body.data;
    const { webhook_id } = theirs;
    expect((await internal(createSubscriptions, { app_id: app.app_id, webhook_id })).status).toBe(404);
  });

  test.each([
    ['a state that there is not', { call_states: ['ringing', 'exploding'] }],
    ['no states', { call_states: [] }],
    ['a direction that there is not', { direction: 'sideways' }],
    ['a target without its type', { target_id: '1' }],
    ['a target of no form', { target_type: 'office', target_id: '1; drop' }],
    ['an unknown field', { endpoint_id: 1 }],
  ])('refuses %s with 400', async (_, input) => {
    const app = await anApp();
    expect((await internal(createSubscriptions, { app_id: app.app_id, ...input })).status).toBe(400);
  });
});

describe('when something fails', () => {
  test('with Dialpad away the answer is 502 and nothing is stored', async () => {
    const app = await anApp();
    setSettings({ DIALPAD_API_URL: 'http://127.0.0.1:1' });
    const answer = await internal(createWebhook, { app_id: app.app_id });
    expect([answer.status, answer.body.code]).toEqual([502, 'PROVIDER_FAILED']);
    const rows = await adminSql()`select 1 from provider_hooks where app_id = ${app.app_id}`;
    expect(rows).toEqual([]);
  });

  test('with a key that Dialpad refuses the answer is 502, with none at all 409 that says what to do', async () => {
    const app = await anApp();
    setSettings({ DIALPAD_API_KEY: 'wrong' });
    expect((await internal(createWebhook, { app_id: app.app_id })).status).toBe(502);
    setSettings({ DIALPAD_API_KEY: undefined });
    const none = await internal(createWebhook, { app_id: app.app_id });
    expect(none.status).toBe(409);
    expect(none.body.message).toContain('GET /authorize?app_id=');
  });

  test('a webhook that cannot be stored is deleted at Dialpad again', async () => {
    const app = await anApp();
    await adminSql().unsafe(`create function refuse_hook() returns trigger language plpgsql as
      $$ begin raise exception 'the disk is full'; end $$;
      create trigger refuse before insert on provider_hooks for each row execute function refuse_hook()`);
    try {
      const answer = await internal(createWebhook, { app_id: app.app_id });
      expect([answer.status, answer.body.code]).toEqual([500, 'INTERNAL']);
      expect(answer.text).not.toContain('disk');
    } finally {
      await adminSql().unsafe('drop trigger refuse on provider_hooks; drop function refuse_hook()');
    }
    expect(await client().listWebhooks()).toEqual([]);
  });

  test('of two subscriptions the first is taken back when the second fails', async () => {
    const app = await anApp();
    await internal(createWebhook, { app_id: app.app_id });
    const real = globalThis.fetch;
    vi.stubGlobal('fetch', (url: string | URL, init?: RequestInit) =>
      String(url).endsWith('/subscriptions/sms') && init?.method === 'POST'
        ? Promise.resolve(new Response('{}', { status: 500 }))
        : real(url, init),
    );
    try {
      expect((await internal(createSubscriptions, { app_id: app.app_id })).status).toBe(502);
    } finally {
      vi.unstubAllGlobals();
    }
    expect(await client().listCallSubscriptions()).toEqual([]);
    expect((await internal(listWebhooks, { app_id: app.app_id })).body.data[0].subscriptions).toEqual([]);
    expect((await internal(createSubscriptions, { app_id: app.app_id })).status).toBe(201);
  });

  test('a webhook that Dialpad cannot delete now stays listed, and is deleted by asking again', async () => {
    const app = await anApp();
    const { webhook_id } = (await internal(createWebhook, { app_id: app.app_id })).body.data;
    setSettings({ DIALPAD_API_KEY: 'wrong' });
    expect((await internal(deleteWebhook, { webhook_id })).status).toBe(502);
    setSettings({ DIALPAD_API_KEY: apiKey });
    expect((await internal(getWebhook, { webhook_id })).status).toBe(200);
    expect((await internal(deleteWebhook, { webhook_id })).status).toBe(200);
    expect(await client().listWebhooks()).toEqual([]);
  });
});
