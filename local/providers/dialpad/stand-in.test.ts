import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ProviderError } from '#core/clients/http-client.ts';
import { authorizationAddress, exchangeCode, newPkce, refreshTokens } from '#core/clients/oauth.ts';
import { dialpadClient } from '#providers/dialpad/client.ts';
import { dialpad } from '#providers/dialpad/index.ts';
import { deauthorize, dialpadOAuth } from '#providers/dialpad/oauth.ts';
import { isRecord } from './http.ts';
import { type DialpadStandIn, type StandInOptions, startDialpadStandIn } from './stand-in.ts';

const apiKey = 'test-key';
const secret = 'hook-secret';

/** Where webhooks go: keeps the bodies and answers with the statuses it is given, then 200. */
interface Receiver {
  url: string;
  bodies: Buffer[];
  answers: number[];
  server: Server;
}

let receiver: Receiver;
const standIns: DialpadStandIn[] = [];

beforeEach(async () => {
  const bodies: Buffer[] = [];
  const answers: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    bodies.push(Buffer.concat(chunks));
    response.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  receiver = { url: `http://127.0.0.1:${port}/webhooks/dialpad`, bodies, answers, server };
});

afterEach(async () => {
  for (const standIn of standIns.splice(0)) await standIn.close();
  receiver.server.closeAllConnections();
  await new Promise((resolve) => receiver.server.close(resolve));
});

async function start(options: Partial<StandInOptions> = {}) {
  const standIn = await startDialpadStandIn({ apiKey, requestsPerSecond: false, ...options });
  standIns.push(standIn);
  return { standIn, client: dialpadClient({ token: apiKey, baseUrl: standIn.url, sleep: async () => {} }) };
}

async function subscribed(callStates: string[], options: Partial<StandInOptions> = {}) {
  const { standIn, client } = await start(options);
  const webhook = await client.createWebhook({ hookUrl: receiver.url, secret });
  await client.createCallSubscription({ webhookId: webhook.id, callStates });
  return { standIn, client, webhook };
}

function verified(body: Buffer): Record<string, unknown> {
  const signed = dialpad.verify({
    url: '',
    body,
    headers: new Headers(),
    secrets: ['other', secret],
    nowMs: 0,
  });
  expect(signed?.secretIndex).toBe(1);
  const event: unknown = JSON.parse(signed?.json ?? '');
  if (!isRecord(event)) throw new Error('not an object');
  return event;
}

describe('webhooks of the stand-in', () => {
  test('are signed so that our own check accepts them, in the order of the call', async () => {
    const { standIn } = await subscribed(['all']);
    const events = await standIn.runCall('answered');
    expect(receiver.bodies.map(verified)).toEqual(events);
  });

  test('are plain JSON where the webhook has no secret', async () => {
    const { standIn, client } = await start();
    const created = await fetch(`${standIn.url}/api/v2/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ hook_url: receiver.url }),
    });
    expect(await created.json()).not.toHaveProperty('signature');
    const [hook] = await client.listWebhooks();
    await client.createCallSubscription({ webhookId: hook?.id ?? '', callStates: ['blocked'] });
    const [event] = await standIn.runCall('blocked');
    expect(receiver.bodies.map((body) => JSON.parse(body.toString()))).toEqual([event]);
  });

  test('bring only the states that were asked for, and none once the subscription is gone', async () => {
    const { standIn, client } = await subscribed(['hangup', 'missed']);
    await standIn.runCall('missed');
    expect(new Set(receiver.bodies.map((body) => verified(body).state))).toEqual(
      new Set(['hangup', 'missed']),
    );
    const [subscription] = await client.listCallSubscriptions();
    await client.deleteCallSubscription(subscription?.id ?? '');
    const before = receiver.bodies.length;
    await standIn.runCall('missed');
    expect(receiver.bodies).toHaveLength(before);
  });

  test('bring messages of the direction that was asked for, with their delivery', async () => {
    const { standIn, client } = await start();
    const webhook = await client.createWebhook({ hookUrl: receiver.url, secret });
    await client.createSmsSubscription({ webhookId: webhook.id, direction: 'outbound' });
    await standIn.sendSms('inbound');
    await standIn.sendSms('outbound', { outcome: 'failed' });
    const statuses = receiver.bodies.flatMap((body) => dialpad.translate(verified(body)));
    expect(statuses.map((update) => 'status' in update.fields && update.fields.status)).toEqual([
      'queued',
      'sent',
      'failed',
    ]);
  });

  test('are repeated after a 5xx, three times at most, and never after a 4xx', async () => {
    const { standIn } = await subscribed(['calling'], {
      delivery: { retryDelaysMs: { call: [1, 1, 1], sms: [] } },
    });
    receiver.answers.push(503, 500);
    await standIn.runCall('outbound');
    receiver.answers.push(500, 500, 500, 500);
    await standIn.runCall('outbound');
    receiver.answers.push(429);
    await standIn.runCall('outbound');
    expect(standIn.deliveries.map(({ attempts, outcome }) => [attempts, outcome])).toEqual([
      [[503, 500, 200], 'delivered'],
      [[500, 500, 500, 500], 'given up'],
      [[429], 'given up'],
    ]);
    expect(new Set(receiver.bodies.slice(0, 3).map(String)).size).toBe(1);
  });

  test('are repeated twice at once where nobody listens', async () => {
    const { standIn, client } = await start();
    const webhook = await client.createWebhook({ hookUrl: 'http://127.0.0.1:1/', secret });
    await client.createCallSubscription({ webhookId: webhook.id, callStates: ['calling'] });
    await standIn.runCall('outbound');
    expect(standIn.deliveries).toMatchObject([{ attempts: [0, 0, 0], outcome: 'given up' }]);
  });

  test('that are lost on purpose leave the call in the list', async () => {
    const { standIn } = await subscribed(['all']);
    const events = await standIn.runCall('outbound', { lose: (event) => event.state === 'hangup' });
    expect(receiver.bodies).toHaveLength(events.length - 1);
    standIn.loseAll(true);
    await standIn.runCall('outbound');
    expect(receiver.bodies).toHaveLength(events.length - 1);
    expect(standIn.calls).toHaveLength(2);
    expect(standIn.deliveries.filter(({ outcome }) => outcome === 'lost')).toHaveLength(events.length + 1);
  });
});

describe('the client against the stand-in', () => {
  test('creates, lists and deletes webhooks and subscriptions', async () => {
    const { client, webhook } = await subscribed(['all']);
    expect(webhook).toEqual({ id: expect.stringMatching(/^\d+$/), hook_url: receiver.url });
    const sms = await client.createSmsSubscription({ webhookId: webhook.id, direction: 'all' });
    expect(await client.listWebhooks()).toEqual([webhook]);
    expect(await client.listCallSubscriptions()).toMatchObject([
      { call_states: ['all'], enabled: true, webhook: { id: webhook.id } },
    ]);
    expect(await client.listSmsSubscriptions()).toMatchObject([
      { id: sms.id, direction: 'all', status: true },
    ]);
    await client.deleteSmsSubscription(sms.id);
    await client.deleteWebhook(webhook.id);
    expect(await client.listSmsSubscriptions()).toEqual([]);
    expect(await client.listWebhooks()).toEqual([]);
    await expect(client.deleteWebhook(webhook.id)).rejects.toMatchObject({ status: 404 });
  });

  test('follows the cursor through all pages of 25, newest first', async () => {
    const { standIn, client } = await start();
    const begin = 1_763_600_000_000;
    for (let n = 0; n < 60; n++) await standIn.runCall('outbound', { startMs: begin + n * 1_000 });
    const sizes: number[] = [];
    const ids: (number | undefined)[] = [];
    for await (const page of client.listCalls({ startedAfter: begin, startedBefore: begin + 59_000 })) {
      sizes.push(page.length);
      ids.push(...page.map((call) => call.date_started));
    }
    expect(sizes).toEqual([25, 25, 8]);
    expect(ids).toEqual(ids.toSorted((one, other) => Number(other) - Number(one)));
    expect(new Set(ids).size).toBe(58);
  });

  test('waits out a 429 and asks again', async () => {
    let now = 1_763_600_000_000;
    const standIn = await startDialpadStandIn({ apiKey, requestsPerSecond: 1, now: () => now });
    standIns.push(standIn);
    const waits: number[] = [];
    const client = dialpadClient({
      token: apiKey,
      baseUrl: standIn.url,
      sleep: async (ms) => {
        waits.push(ms);
        now += ms;
      },
    });
    await client.listWebhooks();
    expect(await client.listWebhooks()).toEqual([]);
    expect(waits.length).toBeGreaterThan(1);
  });

  test('is refused with a wrong key, in Dialpad’s words', async () => {
    const { standIn } = await start();
    const refused = dialpadClient({ token: 'wrong', baseUrl: standIn.url }).listWebhooks();
    await expect(refused).rejects.toBeInstanceOf(ProviderError);
    await expect(refused).rejects.toMatchObject({
      status: 401,
      answer: expect.stringContaining('"code":401'),
    });
  });

  test('rings out, and sends a message, by the API', async () => {
    const { standIn } = await start();
    const post = async (path: string, body: object) => {
      const response = await fetch(standIn.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, unknown>;
    };
    const { call_id: callId } = await post('/api/v2/call', { phone_number: '+14155550101', user_id: 1 });
    expect(standIn.calls).toMatchObject([{ call_id: callId, external_number: '+14155550101' }]);
    expect(await post('/api/v2/sms', { to_numbers: ['+14155550101'], text: 'Hi' })).toMatchObject({
      message_status: 'pending',
    });
    const transcript = await fetch(`${standIn.url}/api/v2/transcripts/${callId}?apikey=${apiKey}`);
    expect(await transcript.json()).toMatchObject({ lines: [{ type: 'transcript' }] });
  });
});

describe('OAuth with PKCE', () => {
  const redirectUri = 'http://127.0.0.1:9/callback';
  const app = (standIn: DialpadStandIn) =>
    dialpadOAuth({ baseUrl: standIn.url, clientId: 'standin-client', clientSecret: 'standin-secret' });

  async function consent(standIn: DialpadStandIn, challenge: string) {
    const scopes = ['calls:list', 'offline_access'];
    const url = authorizationAddress(app(standIn), { redirectUri, state: 'st&te', challenge, scopes });
    const answer = await fetch(url, { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '');
    expect(back.searchParams.get('state')).toBe('st&te');
    return back.searchParams.get('code') ?? '';
  }

  test('gives tokens that open the API, are renewed once each, and can be revoked', async () => {
    const { standIn } = await start();
    const { verifier, challenge } = newPkce();
    const code = await consent(standIn, challenge);
    const tokens = await exchangeCode(app(standIn), { code, verifier, redirectUri });
    expect(tokens).toMatchObject({ expiresInSeconds: 3600, refreshToken: expect.any(String) });
    const renewed = await refreshTokens(app(standIn), tokens.refreshToken ?? '');
    await expect(refreshTokens(app(standIn), tokens.refreshToken ?? '')).rejects.toMatchObject({
      status: 400,
    });
    const client = dialpadClient({ token: renewed.accessToken, baseUrl: standIn.url });
    expect(await client.listWebhooks()).toEqual([]);
    await deauthorize(standIn.url, renewed.accessToken);
    await expect(client.listWebhooks()).rejects.toMatchObject({ status: 401 });
  });

  test('gives nothing for another verifier, nor for a code a second time', async () => {
    const { standIn } = await start();
    const { verifier, challenge } = newPkce();
    const stolen = await consent(standIn, challenge);
    const exchange = (code: string, proof: string) =>
      exchangeCode(app(standIn), { code, verifier: proof, redirectUri });
    await expect(exchange(stolen, newPkce().verifier)).rejects.toMatchObject({ status: 400 });
    await expect(exchange(stolen, verifier)).rejects.toMatchObject({ status: 400 });
  });
});

describe('the control API', () => {
  const control = async (standIn: DialpadStandIn, path: string, body?: object) => {
    const response = await fetch(`${standIn.url}/_standin/${path}`, {
      method: body ? 'POST' : 'GET',
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  test('runs calls and messages, loses them on request, and shows the deliveries', async () => {
    const { standIn } = await subscribed(['hangup']);
    const ran = await control(standIn, 'calls', { kind: 'outbound', count: 3 });
    expect(ran).toMatchObject({ status: 200, json: { conversationIds: { length: 3 } } });
    expect(receiver.bodies).toHaveLength(3);
    await control(standIn, 'lose', { lost: true });
    await control(standIn, 'calls', { kind: 'outbound' });
    expect(receiver.bodies).toHaveLength(3);
    expect((await control(standIn, 'sms', { direction: 'inbound' })).json).toMatchObject({ events: 1 });
    const { json } = await control(standIn, 'deliveries');
    expect(json.deliveries).toMatchObject([...Array(3).fill({ outcome: 'delivered' }), { outcome: 'lost' }]);
  });

  test('plays a call at the speed that it is given', async () => {
    const { standIn } = await subscribed(['all']);
    const events = await standIn.runCall('blocked', { speed: 100_000 });
    expect(receiver.bodies.map(verified)).toEqual(events);
    expect((await control(standIn, 'calls', { kind: 'nonsense' })).status).toBe(400);
  });
});
