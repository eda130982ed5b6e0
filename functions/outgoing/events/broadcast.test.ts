import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { run as dispatchNow } from './dispatch-events.worker.ts';
import { broadcast, broadcastCounts, broadcastTimes, forgetBroadcasts } from './shared/broadcast.ts';
import type { DispatchedEvent } from './shared/dispatched-event.ts';
import { anEvent } from './testing/outbox.ts';

interface Sent {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: { messages: { topic: string; event: string; payload: object; private: boolean }[] };
}

/** Supabase's Realtime, as far as it is spoken to: answers as the test says, 202 by itself. */
let server: Server;
let url: string;
const sent: Sent[] = [];
let answers: (number | 'hang' | 'reset')[] = [];
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method, url: path, headers } = request;
    sent.push({ method, url: path, headers, body: JSON.parse(text) });
    const answer = answers.shift() ?? 202;
    if (answer === 'reset') request.socket.destroy();
    else if (answer !== 'hang') response.writeHead(answer).end(answer === 202 ? '' : '{"message":"no"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on one
});
beforeEach(() => {
  setSettings({ SUPABASE_URL: url, SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_0123456789' });
  forgetBroadcasts();
  sent.length = 0;
  answers = [];
});
afterEach(() => {
  setSettings({ SUPABASE_URL: undefined, SUPABASE_SERVICE_ROLE_KEY: undefined });
  broadcastTimes.timeoutMs = 60_000;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const events = (count: number, companyId: string = randomUUID()): DispatchedEvent[] =>
  Array.from({ length: count }, (_, i) => ({
    id: randomUUID(),
    companyId,
    appId: null,
    sequence: String(i + 1),
    type: 'call.started',
    subjectId: randomUUID(),
    occurredAt: '2026-03-01T10:00:00.000Z',
    data: '{"secret":"of the row"}',
  }));
async function broadcastNow(given: readonly DispatchedEvent[]): Promise<void> {
  const pending: Promise<unknown>[] = [];
  const ctx = makeContext({
    requestId: 'r',
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'pipeline' },
    waitUntil: (work) => pending.push(work),
  });
  await broadcast(ctx, given);
  await Promise.all(pending);
}

describe('a broadcast to Supabase Realtime', () => {
  test('names what happened on the company’s private channel, and shows no row', async () => {
    const [event] = events(1) as [DispatchedEvent];
    await broadcastNow([event]);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ method: 'POST', url: '/realtime/v1/api/broadcast' });
    expect(sent[0]?.body).toEqual({
      messages: [
        {
          topic: `company:${event.companyId}`,
          event: 'call.started',
          payload: {
            id: event.id,
            sequence: 1,
            type: 'call.started',
            subjectId: event.subjectId,
            timestamp: '2026-03-01T10:00:00.000Z',
          },
          private: true,
        },
      ],
    });
    expect(broadcastCounts).toEqual({ sent: 1, failed: 0, skipped: 0 });
  });

  test('shows a new key as apikey alone, an older one, which is a token, as a bearer as well', async () => {
    await broadcastNow(events(1));
    setSettings({ SUPABASE_URL: `${url}/`, SUPABASE_SERVICE_ROLE_KEY: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' });
    await broadcastNow(events(1));
    const [first, second] = sent;
    expect([first?.headers.apikey, first?.headers.authorization]).toEqual([
      'sb_secret_0123456789',
      undefined,
    ]);
    const older = 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln';
    expect([second?.headers.apikey, second?.headers.authorization]).toEqual([older, `Bearer ${older}`]);
    expect(second?.url).toBe('/realtime/v1/api/broadcast');
    expect(first?.headers['content-type']).toBe('application/json');
    expect(first?.headers['user-agent']).not.toMatch(/Mozilla/); // secret keys are refused to browsers
  });

  test('sends a hundred in a request, in order', async () => {
    await broadcastNow(events(250));
    expect(sent.map(({ body }) => body.messages.length)).toEqual([100, 100, 50]);
    const numbers = sent.flatMap(({ body }) =>
      body.messages.map(({ payload }) => (payload as { sequence: number }).sequence),
    );
    expect(numbers).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
  });

  test.each([[503], [429], ['reset' as const], ['hang' as const]])(
    'tries once more after %s',
    async (answer) => {
      if (answer === 'hang') broadcastTimes.timeoutMs = 2_000;
      answers = [answer];
      await broadcastNow(events(2));
      expect(sent).toHaveLength(2);
      expect(sent[1]?.body).toEqual(sent[0]?.body);
      expect(broadcastCounts).toEqual({ sent: 2, failed: 0, skipped: 0 });
    },
  );

  test.each([
    [[500, 500], 2],
    [['hang', 'hang'] as const, 2],
    [['reset', 'reset'] as const, 2],
    [[401], 1],
  ])('never throws: after %j the rest is not tried, and counted', async (given, requests) => {
    if (given.includes('hang' as never)) broadcastTimes.timeoutMs = 1_000;
    answers = [...given];
    await broadcastNow(events(150));
    await broadcastNow(events(3));
    expect(sent).toHaveLength(requests);
    expect(broadcastCounts).toEqual({ sent: 0, failed: 100, skipped: 53 });
  });

  test('that is refused for its content holds no other up', async () => {
    answers = [422];
    await broadcastNow(events(101));
    expect(broadcastCounts).toEqual({ sent: 1, failed: 100, skipped: 0 });
  });

  test('is not sent where Supabase is not configured, or half', async () => {
    setSettings({ SUPABASE_SERVICE_ROLE_KEY: undefined });
    await broadcastNow(events(1));
    setSettings({ SUPABASE_URL: undefined, SUPABASE_SERVICE_ROLE_KEY: 'sb_secret_x' });
    await broadcastNow(events(1));
    await broadcastNow([]);
    expect(sent).toEqual([]);
  });

  test('comes of each dispatch, once, and does not stand in its way when it fails', async () => {
    const acme = await aCompany();
    const ids = [await anEvent(acme.id), await anEvent(acme.id, { type: 'message.received' })];
    answers = [500, 500];
    await dispatchNow([acme.id]);
    await dispatchNow([acme.id]);
    expect(
      sent.map(({ body }) => body.messages.map(({ payload }) => (payload as { id: string }).id)),
    ).toEqual([ids, ids]);
    expect(sent[0]?.body.messages.map(({ topic, event }) => [topic, event])).toEqual([
      [`company:${acme.id}`, 'call.started'],
      [`company:${acme.id}`, 'message.received'],
    ]);
  });
});
