import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { env } from '#core/env.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { internal } from '#core/testing/internal.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as listMessages from '#telephony/messages/list-messages.ts';
import * as receiveDialpad from '../inbound/receive-dialpad.ts';
import * as createSubscriptions from './create-subscriptions.ts';
import * as createWebhook from './create-webhook.ts';
import * as deleteWebhook from './delete-webhook.ts';
import * as getWebhook from './get-webhook.ts';
import * as listWebhooks from './list-webhooks.ts';
import { anApp, apiKey, client, world } from './testing/dialpad.ts';

describe('a webhook of an app', () => {
  test('is really made at Dialpad, and what Dialpad sends by it lands under the app', async () => {
    const app = await anApp();
    const made = await internal(createWebhook, { app_id: app.app_id });
    expect(made.status).toBe(201);
    expect(made.body.data).toMatchObject({ app_id: app.app_id, subscriptions: [] });
    expect(made.body.data.hook_url).toContain(`/webhooks/dialpad?app_id=${app.app_id}`);
    const [atDialpad] = await client().listWebhooks();
    expect(atDialpad).toMatchObject({ id: made.body.data.dialpad_webhook_id });

    const subscribed = await internal(createSubscriptions, { app_id: app.app_id });
    expect(subscribed.status).toBe(201);
    expect(subscribed.body.data.created).toMatchObject([
      { type: 'call', call_states: ['all'], enabled: true, target_type: null },
      { type: 'sms', direction: 'all', status: true },
    ]);
    await world.dialpad.runCall('answered');
    await world.dialpad.sendSms('inbound');
    expect(new Set(world.dialpad.deliveries.map(({ outcome }) => outcome))).toEqual(new Set(['delivered']));
    const headers = { 'x-app-api-key': app.api_key };
    await eventually(async () => {
      expect((await request(listCalls, {}, headers)).body.data).toMatchObject([
        { appId: app.app_id, companyId: app.company_id, status: 'completed' },
      ]);
      expect((await request(listMessages, {}, headers)).body.data).toHaveLength(1);
    });
  });

  test('has a secret of its own: the deployment’s other hooks’ secrets do not open it, and it is shown nowhere', async () => {
    const [app, other] = [await anApp(), await anApp()];
    const { body } = await internal(createWebhook, { app_id: app.app_id });
    const mine = await internal(createSubscriptions, { app_id: app.app_id });
    await world.dialpad.runCall('missed');
    const [sent] = world.dialpad.deliveries;
    const elsewhere = await post(receiveDialpad, sent?.body ?? '', {
      path: `/webhooks/dialpad?app_id=${other.app_id}`,
    });
    expect(elsewhere.status).toBe(401);
    const forged = dialpadBody({ call_id: 1, state: 'hangup' }, 'guessed');
    const path = `/webhooks/dialpad?app_id=${app.app_id}`;
    expect((await post(receiveDialpad, forged, { path })).status).toBe(401);
    const listed = await fetch(`${world.dialpad.url}/api/v2/webhooks`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const secret: string = JSON.parse(await listed.text()).items[0].signature.secret;
    expect(secret).toMatch(/^[\w-]{43}$/);
    const [row] = await adminSql()`select secret from provider_hooks where id = ${body.data.webhook_id}`;
    expect(row?.secret).not.toContain(secret);
    const shown = await internal(getWebhook, { webhook_id: body.data.webhook_id });
    expect(shown.text + mine.text + JSON.stringify(body)).not.toContain(secret);
  });

  test('is listed and found by our id and by Dialpad’s, and gone everywhere once deleted', async () => {
    const app = await anApp();
    const { webhook_id, dialpad_webhook_id } = (await internal(createWebhook, { app_id: app.app_id })).body
      .data;
    await internal(createSubscriptions, { app_id: app.app_id, webhook_id });
    const listed = await internal(listWebhooks, { app_id: app.app_id });
    expect(listed.body.data).toMatchObject([
      { webhook_id, subscriptions: [{ type: 'call' }, { type: 'sms' }] },
    ]);
    const found = await internal(getWebhook, { webhook_id: dialpad_webhook_id });
    expect(found.body.data.webhook_id).toBe(webhook_id);
    // One that somebody made by hand goes along.
    await client().createCallSubscription({ webhookId: dialpad_webhook_id, callStates: ['hangup'] });
    const deleted = await internal(deleteWebhook, { webhook_id });
    expect([deleted.status, deleted.body.data.webhook_id]).toEqual([200, webhook_id]);
    expect(await client().listWebhooks()).toEqual([]);
    expect(await client().listCallSubscriptions()).toEqual([]);
    expect(await client().listSmsSubscriptions()).toEqual([]);
    expect((await internal(getWebhook, { webhook_id })).status).toBe(404);
    expect((await internal(deleteWebhook, { webhook_id })).status).toBe(404);
    expect((await internal(listWebhooks, { app_id: app.app_id })).body.data).toEqual([]);
  });

  test('counts as deleted when it is gone at Dialpad already, and can be made anew', async () => {
    const app = await anApp();
    const made = (await internal(createWebhook, { app_id: app.app_id })).body.data;
    await client().deleteWebhook(made.dialpad_webhook_id);
    expect((await internal(deleteWebhook, { webhook_id: made.webhook_id })).status).toBe(200);
    expect((await internal(createWebhook, { app_id: app.app_id })).status).toBe(201);
  });

  test('is refused when the app has one with the address; another address is another webhook', async () => {
    const app = await anApp();
    const first = (await internal(createWebhook, { app_id: app.app_id })).body.data;
    const again = await internal(createWebhook, { app_id: app.app_id });
    expect([again.status, again.body.code]).toEqual([409, 'CONFLICT']);
    expect(again.body.message).toContain(first.webhook_id);
    const hook_url = 'https://tunnel.example.com/hooks?x=1';
    const other = await internal(createWebhook, { app_id: app.app_id, hook_url });
    expect([other.status, other.body.data.hook_url]).toEqual([201, hook_url]);
    expect(await client().listWebhooks()).toHaveLength(2);
  });

  test('is made once when ten ask at once, and nothing is left over at Dialpad', async () => {
    const app = await anApp();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => internal(createWebhook, { app_id: app.app_id })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    expect(await client().listWebhooks()).toHaveLength(1);
  });

  test('is subscribed once when five ask at once, and nothing is left over at Dialpad', async () => {
    const app = await anApp();
    await internal(createWebhook, { app_id: app.app_id });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => internal(createSubscriptions, { app_id: app.app_id })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(await client().listCallSubscriptions()).toHaveLength(1);
    expect(await client().listSmsSubscriptions()).toHaveLength(1);
  });
});

describe('who and what', () => {
  test('only the internal caller may, and only for apps that are there', async () => {
    const key = await (await aCompany()).key(['*']);
    const app_id = randomUUID();
    for (const endpoint of [createWebhook, createSubscriptions, listWebhooks]) {
      expect((await request(endpoint, { app_id })).status).toBe(401);
      expect((await key.request(endpoint, { app_id })).status).toBe(401);
      expect((await internal(endpoint, { app_id })).status).toBe(404);
    }
    for (const webhook_id of [app_id, '123456']) {
      expect((await internal(getWebhook, { webhook_id })).status).toBe(404);
      expect((await internal(deleteWebhook, { webhook_id })).status).toBe(404);
    }
    expect((await internal(getWebhook, { webhook_id: "1' or '1'='1" })).status).toBe(400);
  });

  test('an empty body will do, as a bare POST sends it', async () => {
    const app = await anApp();
    const answer = await createWebhook.serve(
      new Request(`https://api.example.com/internal/webhooks/create?app_id=${app.app_id}`, {
        method: 'POST',
        headers: { 'x-internal-secret': env().INTERNAL_API_SECRET },
      }),
    );
    expect(answer.status).toBe(201);
  });

  test.each([
    'javascript:alert(1)',
    'ftp://example.com/x',
    '/relative',
    'https://user:pass@example.com/',
    'https://example.com/#fragment',
    `https://example.com/${'x'.repeat(2000)}`,
  ])('refuses the hook address %s', async (hook_url) => {
    const app = await anApp();
    expect((await internal(createWebhook, { app_id: app.app_id, hook_url })).status).toBe(400);
  });
});
