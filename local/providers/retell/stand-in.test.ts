import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Retell from 'retell-sdk';
import { afterEach, describe, expect, test } from 'vitest';
import { retellClient } from '#providers/retell/client.ts';
import { createRetellHistory } from '#providers/retell/history.ts';
import { retell } from '#providers/retell/index.ts';
import { standInAgents } from './agents.ts';
import { type RetellStandInOptions, startRetellStandIn } from './stand-in.ts';

const apiKey = 'key_standin';
const nowMs = 1763600000000;
const [frontDesk] = standInAgents;
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function aStandIn(options: Partial<RetellStandInOptions> = {}) {
  const standIn = await startRetellStandIn({ apiKey, now: () => nowMs, webhookRetryDelayMs: 0, ...options });
  closing.push(() => standIn.close());
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  const client = retellClient({ apiKey, baseUrl: standIn.url, sleep });
  const control = (path: string, body?: object, method = 'POST') =>
    fetch(`${standIn.url}/_standin/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
  const account = { token: apiKey, baseUrl: standIn.url };
  return { standIn, client, control, account, waits, sleep };
}

/** Records what it is sent and answers with the status that `answer` gives for the nth request. */
async function aReceiver(answer: (n: number) => number = () => 200) {
  const received: { headers: Headers; body: Buffer }[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const signature = String(request.headers['x-retell-signature']);
    received.push({ headers: new Headers({ 'x-retell-signature': signature }), body: Buffer.concat(chunks) });
    response.writeHead(answer(received.length)).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

const lastDays = { from: new Date(nowMs - 6 * 86_400_000), to: new Date(nowMs) };

describe("The client, against the stand-in's wire", () => {
  test('reads every past call once, page by page to the end', async () => {
    const { standIn, account } = await aStandIn();
    const pages = [];
    for await (const page of createRetellHistory({ pageSize: 40 }).listCalls(account, lastDays))
      pages.push(page);
    const ids = pages.flat().map((call) => call.providerCallId);
    const started = [...standIn.calls.values()].filter((call) => call.start_timestamp !== undefined);
    expect(pages.length).toBeGreaterThan(3);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(started.map((call) => call.call_id).toSorted());
    const starts = pages.flat().map((call) => call.update.fields.startedAt ?? '');
    expect(starts).toEqual(starts.toSorted());
  });

  test('narrows the past to a period, its end not included, and to agents', async () => {
    const { standIn, account } = await aStandIn();
    const calls = [...standIn.calls.values()].filter((call) => call.agent_id === frontDesk.agentId);
    const starts = calls.flatMap((call) => call.start_timestamp ?? []).toSorted();
    const [from, to] = [starts[5] ?? 0, starts[15] ?? 0];
    const history = createRetellHistory();
    const agentIds = [frontDesk.agentId];
    const found = [];
    for await (const page of history.listCalls(
      account,
      { from: new Date(from), to: new Date(to) },
      { agentIds },
    )) {
      found.push(...page);
    }
    expect(found.map((call) => Date.parse(call.update.fields.startedAt ?? ''))).toEqual(starts.slice(5, 15));
    for await (const page of history.listCalls(account, lastDays, { agentIds: [] })) expect(page).toEqual([]);
  });

  test('sends filters that Retell knows: status, direction, id, metadata', async () => {
    const { standIn, client } = await aStandIn();
    const all = [...standIn.calls.values()];
    const count = async (filter_criteria: Parameters<typeof client.listCalls>[0]['filter_criteria']) =>
      (await client.listCalls({ ...(filter_criteria && { filter_criteria }), limit: 1, include_total: true }))
        .total;
    expect(await count(undefined)).toBe(150);
    expect(await count({ call_status: { type: 'enum', op: 'in', value: ['error', 'not_connected'] } })).toBe(
      all.filter((call) => call.call_status === 'error' || call.call_status === 'not_connected').length,
    );
    expect(await count({ direction: { type: 'enum', op: 'in', value: ['outbound'] } })).toBe(
      all.filter((call) => call.call_type === 'phone_call' && call.direction === 'outbound').length,
    );
    expect(await count({ call_id: { type: 'string', op: 'eq', value: all[3]?.call_id ?? '' } })).toBe(1);
    expect(await count({ metadata: [{ key: 'ticket', type: 'string', op: 'eq', value: 'T-1003' }] })).toBe(1);
    expect(await count({ end_timestamp: { type: 'number', op: 'lt', value: 0 } })).toBe(0);
  });

  test('gets the transcript with the call and not with the list', async () => {
    const { client, account } = await aStandIn();
    const { items } = await client.listCalls({ limit: 1000 });
    expect(items.every((call) => call.transcript === undefined && call.transcript_object === undefined)).toBe(
      true,
    );
    const talked = items.find((call) => call.disconnection_reason === 'user_hangup');
    const whole = await client.getCall(talked?.call_id ?? '');
    expect(whole?.transcript).toContain('Agent: ');
    const update = await createRetellHistory().fetchCall?.(account, talked?.call_id ?? '');
    expect(update?.fields.transcript).toContain('Agent: ');
    expect(await client.getCall('call_unknown')).toBeUndefined();
  });

  test('waits as long as a 429 asks before it tries again', async () => {
    const clock = { ms: nowMs };
    const { standIn } = await aStandIn({ now: () => clock.ms, requestLimit: { requests: 2, perMs: 5_000 } });
    const waits: number[] = [];
    const sleep = async (ms: number) => {
      waits.push(ms);
      clock.ms += ms;
    };
    const client = retellClient({ apiKey, baseUrl: standIn.url, sleep });
    for (let i = 0; i < 5; i++) expect((await client.listCalls({ limit: 1 })).items).toHaveLength(1);
    expect(waits).toEqual([5_000, 5_000]);
  });

  test('repeats a list that failed, but never the placing of a call', async () => {
    const { standIn, client, waits } = await aStandIn({ calls: 3 });
    standIn.faults.failNext(2, 503);
    expect((await client.listCalls({})).items).toHaveLength(3);
    expect(waits).toHaveLength(2);
    standIn.faults.failNext(1, 503);
    const place = client.createPhoneCall({ from_number: frontDesk.number, to_number: '+14155550150' });
    await expect(place).rejects.toMatchObject({ name: 'ProviderError', provider: 'retell', status: 503 });
    expect(standIn.calls.size).toBe(3);
  });

  test('tells a wrong key and a call that Retell cannot give by their status', async () => {
    const { standIn, client, sleep } = await aStandIn({ calls: 3 });
    const stranger = retellClient({ apiKey: 'key_wrong', baseUrl: standIn.url, sleep });
    await expect(stranger.listCalls({})).rejects.toMatchObject({ status: 401 });
    const [id = ''] = standIn.calls.keys();
    standIn.faults.brokenCalls.add(id);
    await expect(client.getCall(id)).rejects.toMatchObject({ status: 500 });
  });

  test('lists, makes, changes and deletes agents', async () => {
    const { client } = await aStandIn({ calls: 0 });
    const made = await client.createAgent({
      agent_name: 'Night',
      voice_id: '11labs-Adrian',
      response_engine: { type: 'retell-llm', llm_id: 'llm_1' },
    });
    const changed = await client.updateAgent(made.agent_id, { agent_name: 'Late night' });
    expect(changed).toMatchObject({ agent_id: made.agent_id, agent_name: 'Late night' });
    const names = [];
    for await (const page of client.listAgents()) names.push(...page.map((agent) => agent.agent_name));
    expect(names.toSorted()).toEqual(['After hours', 'Front desk', 'Late night', 'Outbound follow-up']);
    await client.deleteAgent(made.agent_id);
    await client.deleteAgent(made.agent_id);
    expect(await client.getAgent(made.agent_id)).toBeUndefined();
  });

  test("speaks what Retell's own SDK speaks", async () => {
    const { standIn } = await aStandIn({ calls: 60 });
    const sdk = new Retell({ apiKey, baseURL: standIn.url, maxRetries: 0 });
    const first = await sdk.call.list({ limit: 50, sort_order: 'ascending' });
    expect(first).toMatchObject({ has_more: true, pagination_key: expect.any(String) });
    const next = await sdk.call.list({
      limit: 50,
      sort_order: 'ascending',
      pagination_key: first.pagination_key ?? '',
    });
    expect([first.items?.length, next.items?.length, next.has_more]).toEqual([50, 10, false]);
    expect(await sdk.agent.retrieve(frontDesk.agentId)).toMatchObject({ agent_name: 'Front desk' });
    expect(await sdk.concurrency.retrieve()).toMatchObject({ concurrency_limit: 20 });
  });
});

describe("The stand-in's webhooks", () => {
  test('follow a call that is placed, and are verified and translated by the provider', async () => {
    const receiver = await aReceiver();
    const { standIn, client } = await aStandIn({ calls: 0, webhookUrl: receiver.url });
    const to = '+14155550150';
    const metadata = { intent: 'i_1' };
    const call = await client.createPhoneCall({ from_number: frontDesk.number, to_number: to, metadata });
    expect(call).toMatchObject({ call_status: 'registered', direction: 'outbound', to_number: to, metadata });
    await standIn.idle();
    const types = receiver.received.map(({ headers, body }) => {
      const secrets = ['key_other', apiKey];
      const verified =
        retell.verify({ url: '', body, headers, secrets, nowMs }) ?? expect.fail('not verified');
      expect(verified.secretIndex).toBe(1);
      const event: unknown = JSON.parse(verified.json);
      const [update] = retell.translate(event);
      expect(update).toMatchObject({ providerCallId: call.call_id, metadata });
      return retell.identify(event, verified.json)?.type;
    });
    expect(types).toEqual(['call_started', 'call_ended', 'call_analyzed']);
    expect(await client.getCall(call.call_id)).toMatchObject({ call_status: 'ended', to_number: to });
  });

  test('are tried four times in all, and one that fails holds up none', async () => {
    const receiver = await aReceiver(() => 500);
    const { standIn } = await aStandIn({ calls: 0, webhookUrl: receiver.url });
    standIn.run('no_answer');
    await standIn.idle();
    const tries = standIn.deliveries.map(({ event, attempt }) => `${event} ${attempt}`);
    const expected = ['call_ended', 'call_analyzed'].flatMap((event) =>
      [1, 2, 3, 4].map((n) => `${event} ${n}`),
    );
    expect(tries.toSorted()).toEqual(expected.toSorted());
    expect(tries.indexOf('call_analyzed 1')).toBeLessThan(tries.indexOf('call_ended 4'));
  });

  test('stop at the first 2xx, with the same bytes in each attempt', async () => {
    const receiver = await aReceiver((n) => (n === 1 ? 503 : 204));
    const { standIn } = await aStandIn({ calls: 0, webhookUrl: receiver.url, webhookEvents: ['call_ended'] });
    standIn.run('busy');
    await standIn.idle();
    expect(standIn.deliveries.map((delivery) => delivery.status)).toEqual([503, 204]);
    expect(receiver.received[1]?.body).toEqual(receiver.received[0]?.body);
  });

  test('can be lost, while the list still has the call', async () => {
    const receiver = await aReceiver();
    const { standIn, control, client } = await aStandIn({ calls: 0 });
    await control('webhook-url', { url: receiver.url });
    const answer = await control('calls', { kind: 'inbound', count: 3, lose: true });
    expect(answer.status).toBe(202);
    standIn.loseWebhooks(true);
    standIn.run('web');
    await standIn.idle();
    expect(receiver.received).toEqual([]);
    expect((await client.listCalls({})).items).toHaveLength(4);
  });

  test('go out with every event where an agent asks for them', async () => {
    const receiver = await aReceiver();
    const { standIn, client, control } = await aStandIn({ calls: 0 });
    const webhook_events = ['transfer_started', 'transfer_cancelled', 'transfer_bridged', 'transfer_ended'];
    await client.updateAgent(frontDesk.agentId, { webhook_url: receiver.url, webhook_events });
    await control('calls', { kind: 'second_transfer', agentId: frontDesk.agentId });
    await standIn.idle();
    const answer = await (await control('deliveries', undefined, 'GET')).json();
    expect(answer).toMatchObject({
      deliveries: [
        { event: 'transfer_started', status: 200 },
        { event: 'transfer_cancelled' },
        { event: 'transfer_started' },
        { event: 'transfer_bridged' },
        { event: 'transfer_ended' },
      ],
    });
  });
});

describe('A past call', () => {
  test('that is changed late shows the change in list and call', async () => {
    const { standIn, client, control } = await aStandIn({ calls: 20 });
    const [id = ''] = standIn.calls.keys();
    await control(`calls/${id}`, { call_cost: { combined_cost: 99.125 } }, 'PATCH');
    expect((await client.getCall(id))?.call_cost?.combined_cost).toBe(99.125);
    const { items } = await client.listCalls({
      filter_criteria: { call_id: { type: 'enum', op: 'in', value: [id] } },
    });
    expect(items[0]?.call_cost?.combined_cost).toBe(99.125);
  });
});
