import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeApiKey } from '#core/callers/api-key.ts';
import { roles } from '#core/callers/caller.ts';
import { signAccessToken } from '#core/callers/tokens.ts';
import { setStreamTerms } from '#core/http/stream.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCaller, type TestCompany } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import { setSettings } from '#core/testing/settings.ts';
import { type LocalServer, startHttpServer } from '#local/stack/http-server.ts';
import { run as dispatchNow } from './dispatch-events.worker.ts';
import * as listEvents from './list-events.ts';
import { maxStreams, nudgeStreams, openStream, openStreamCount } from './shared/open-streams.ts';
import * as streamEvents from './stream-events.ts';
import { type Follower, follow, follower } from './testing/follower.ts';
import { anEvent } from './testing/outbox.ts';

vi.mock('../../_generated/modules.ts', () => ({
  endpoints: [
    { method: 'GET', path: '/api/events/stream', load: async () => await import('./stream-events.ts') },
  ],
  workers: [],
}));

let server: LocalServer;
let url: string;
const open: Follower[] = [];
const start = async () => {
  server = await startHttpServer({ port: 0, host: '127.0.0.1' });
  const address = server.server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/api/events/stream`;
};
beforeAll(start);
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  setSettings({ STREAMS_OF_ADDRESS: undefined });
  await eventually(() => expect(openStreamCount()).toBe(0));
});
afterAll(() => server.close());

async function followed(
  caller: Pick<TestCaller, 'headers'>,
  given: { query?: string; lastEventId?: string } = {},
): Promise<Follower> {
  const last = given.lastEventId === undefined ? {} : { 'last-event-id': given.lastEventId };
  const one = await follow(`${url}?${given.query ?? ''}`, { ...caller.headers, ...last });
  open.push(one);
  return one;
}

type Event = NonNullable<Parameters<typeof anEvent>[1]>;
/** Something happens, and is dispatched by this process. */
async function happens(company: TestCompany, ...events: Event[]): Promise<void> {
  for (const event of events) await anEvent(company.id, event);
  await dispatchNow([company.id]);
}
/** A log that was written without this process knowing; in one transaction, as the dispatcher does. */
async function hasLog(company: TestCompany, count: number, data = '{}'): Promise<void> {
  await adminSql().begin(async (sql) => {
    const [row] = await sql<{ head: number }[]>`
      insert into event_heads (company_id, sequence) values (${company.id}, ${count})
      on conflict (company_id) do update set sequence = event_heads.sequence + ${count}
      returning (sequence - ${count})::int as head`;
    await sql`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at, dispatched_at, sequence)
      select ${company.id}, 'message.received', gen_random_uuid(), gen_random_uuid()::text, ${data}::text::json, now(), now(),
        ${row?.head ?? 0} + n from generate_series(1, ${count}::int) n`;
  });
}
const numbersOf = (one: Follower) => one.events.map(({ id }) => Number(id));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('GET /api/events/stream', () => {
  test('begins with what happens next, as the list shows it', async () => {
    const acme = await aCompany();
    await hasLog(acme, 3);
    const manager = await acme.as('manager');
    const stream = await followed(manager);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.get('cache-control')).toBe('no-store');
    await stream.untilText('retry: 2000\nid: 3');
    await happens(acme, { type: 'call.started', data: { callId: randomUUID(), from: 'Zoë\n\r\u2028' } });
    const [event] = await stream.until(1);
    const { body } = await manager.request(listEvents, { after: 3 });
    expect([event?.id, event?.event]).toEqual(['4', 'call.started']);
    expect(JSON.parse(event?.data ?? '')).toEqual(body.data[0]);
    expect(body.data).toHaveLength(1);
  });

  test('sends data that was written over several lines as one event', async () => {
    const acme = await aCompany();
    const stream = await followed(await acme.as('manager'));
    await hasLog(acme, 1, '{\r\n "a": 1,\n\n "b": [1,\r2]}');
    const [event] = await stream.until(1);
    expect(JSON.parse(event?.data ?? '').data).toEqual({ a: 1, b: [1, 2] });
    expect(stream.events).toHaveLength(1);
  });

  test('tells of what another process dispatched', async () => {
    const acme = await aCompany();
    const stream = await followed(await acme.as('viewer'));
    await hasLog(acme, 2);
    await stream.until(2);
    expect(numbersOf(stream)).toEqual([1, 2]);
  });

  test('goes on where a client was cut off: none of 1,000 is missing, none comes twice', async () => {
    const acme = await aCompany();
    const manager = await acme.as('manager');
    const first = await followed(manager);
    await hasLog(acme, 5);
    await first.until(5);
    first.close();
    await first.ended;
    await hasLog(acme, 1_000);
    const second = await followed(manager, { lastEventId: first.lastEventId() ?? '' });
    await second.until(1_000);
    await hasLog(acme, 1);
    await second.until(1_001);
    expect(numbersOf(second)).toEqual(range(6, 1_006));
  });

  test('one cut off before its first event comes back to what happened meanwhile', async () => {
    const acme = await aCompany();
    await hasLog(acme, 7);
    const manager = await acme.as('manager');
    const first = await followed(manager);
    await first.untilText('id: 7');
    first.close();
    await first.ended;
    await hasLog(acme, 1);
    const second = await followed(manager, { lastEventId: first.lastEventId() ?? '' });
    expect(numbersOf(await second.until(1).then(() => second))).toEqual([8]);
  });

  test('takes Last-Event-ID before `after`, and either as far as the log goes', async () => {
    const acme = await aCompany();
    await hasLog(acme, 4);
    const manager = await acme.as('manager');
    const byHeader = await followed(manager, { lastEventId: '3', query: 'after=1' });
    const byQuery = await followed(manager, { query: 'after=2' });
    const atEnd = await followed(manager, { lastEventId: '4' });
    await hasLog(acme, 1);
    await Promise.all([byHeader.until(2), byQuery.until(3), atEnd.until(1)]);
    expect([numbersOf(byHeader), numbersOf(byQuery), numbersOf(atEnd)]).toEqual([[4, 5], [3, 4, 5], [5]]);
  });

  test.each([
    ['-1', 'must be the number'],
    ['1.5', 'must be the number'],
    ['0x10', 'must be the number'],
    ['1e3', 'must be the number'],
    ['1; drop table outbox', 'must be the number'],
    ["1' or '1'='1", 'must be the number'],
    ['9'.repeat(15), 'lies beyond the log’s end, which is 0'],
    ['9'.repeat(400), 'must be the number'],
    ['1', 'lies beyond the log’s end, which is 0'],
    ['', 'must be the number'],
  ])('refuses the Last-Event-ID %j', async (lastEventId, says) => {
    const { status, body } = await (async () => {
      const headers = { ...(await (await aCompany()).as('viewer')).headers, 'last-event-id': lastEventId };
      const response = await fetch(url, { headers });
      return { status: response.status, body: await response.json() };
    })();
    expect([status, body.code, body.details?.[0].path]).toEqual([400, 'VALIDATION_FAILED', 'Last-Event-ID']);
    expect(body.message).toContain(says);
  });

  test.each([
    'after=-1',
    'after=x',
    'types=',
    'types=call',
    'types=a.b,,c.d',
    'access_token=abc',
    'types=call.%0aid',
  ])('refuses ?%s', async (query) => {
    const stream = await followed(await (await aCompany()).as('viewer'), { query });
    expect(stream.status).toBe(400);
  });

  test('shows each reader what they may see, and the id goes on all the same', async () => {
    const [acme, other] = [await aCompany(), await aCompany()];
    const agent = await acme.as('agent');
    const { id: agentId } = await acme.hasAgent({ userId: agent.id, kind: 'human' });
    const { id: colleague } = await acme.hasAgent({ kind: 'human' });
    const theirs = await acme.hasCall({ agentId: colleague });
    const own = await acme.hasCall({ agentId });
    const app = await acme.app();
    const readers = {
      manager: await followed(await acme.as('manager')),
      agent: await followed(agent),
      app: await followed(app),
      key: await followed(await acme.key(['events:read'])),
      types: await followed(await acme.as('manager'), { query: 'types=message.received,voicemail.received' }),
      other: await followed(await other.as('owner')),
    };
    await happens(
      acme,
      { type: 'call.started', subjectId: own.id },
      { type: 'call.started', subjectId: theirs.id },
      { type: 'message.received' },
      { type: 'call.analyzed', subjectId: theirs.id, appId: app.appId },
      { type: 'call.started', subjectId: theirs.id },
    );
    await happens(other, { type: 'call.started' });
    await Promise.all([
      ...[readers.manager, readers.key].map((one) => one.until(5)),
      ...[readers.agent, readers.app, readers.types, readers.other].map((one) => one.untilText('data:')),
      readers.agent.until(2),
    ]);
    for (const name of ['agent', 'app', 'types'] as const) await readers[name].untilText('id: 5');
    const seen = Object.fromEntries(Object.entries(readers).map(([name, one]) => [name, numbersOf(one)]));
    expect(seen).toEqual({
      manager: range(1, 5),
      key: range(1, 5),
      agent: [1, 3],
      app: [4],
      types: [3],
      other: [1],
    });
  });

  test('passes over 10,000 places that a reader does not see, and remembers them for when they come back', async () => {
    const acme = await aCompany();
    await hasLog(acme, 10_050);
    const stream = await followed(await acme.as('manager'), { query: 'after=0&types=call.missed' });
    await stream.untilText('id: 10000');
    await happens(acme, { type: 'call.missed' });
    await stream.until(1);
    expect(numbersOf(stream)).toEqual([10_051]);
  });

  test.each([
    [
      'a session that ended',
      'UNAUTHENTICATED',
      (id: string) => adminSql()`update sessions set ended_at = now() where user_id = ${id}`,
    ],
    [
      'a person who was removed',
      'UNAUTHENTICATED',
      (id: string) => adminSql()`update memberships set is_active = false where user_id = ${id}`,
    ],
  ] as const)('ends with %s', async (_, code, change) => {
    const acme = await aCompany();
    const person = await acme.as('agent');
    const stream = await followed(person);
    await stream.untilText('retry');
    await change(person.id);
    await happens(acme, { type: 'message.received' });
    await stream.ended;
    expect(stream.events).toHaveLength(1);
    expect(stream.events[0]?.event).toBe('end');
    expect(JSON.parse(stream.events[0]?.data ?? '')).toEqual({
      code,
      message: expect.stringMatching(/\.$|: log in again/),
    });
  });

  test('ends with a key that was revoked, and one that lost its scope', async () => {
    const acme = await aCompany();
    const streams = [await followed(await acme.key()), await followed(await acme.key())];
    const [first, second] =
      await adminSql()`select id from api_keys where company_id = ${acme.id} order by created_at`;
    await adminSql()`update api_keys set revoked_at = now() where id = ${first?.id}`;
    await adminSql()`update api_keys set scopes = '{calls:read}' where id = ${second?.id}`;
    await happens(acme, { type: 'message.received' });
    await Promise.all(streams.map(({ ended }) => ended));
    expect(streams.map(({ events }) => JSON.parse(events[0]?.data ?? '').code)).toEqual([
      'UNAUTHENTICATED',
      'FORBIDDEN',
    ]);
  });

  test('follows a role that changes: who becomes an agent sees no calls of others any more', async () => {
    const acme = await aCompany();
    const person = await acme.as('manager');
    const { id: agentId } = await acme.hasAgent({ kind: 'human' });
    const theirs = await acme.hasCall({ agentId });
    const stream = await followed(person);
    await happens(acme, { type: 'call.started', subjectId: theirs.id });
    await stream.until(1);
    await adminSql()`update memberships set role = 'agent' where user_id = ${person.id}`;
    await happens(acme, { type: 'call.analyzed', subjectId: theirs.id }, { type: 'message.received' });
    await stream.until(2);
    expect(numbersOf(stream)).toEqual([1, 3]);
  });

  test('ends when the access token does, with nothing happening', async () => {
    const acme = await aCompany();
    const person = await acme.as('viewer');
    const { token } = await signAccessToken(
      {
        sub: person.id,
        session_id: person.sessionId,
        email: person.email,
        app_metadata: { company_id: acme.id, role: 'viewer' },
      },
      new Date(Date.now() - 15 * 60_000 + 1_500),
    );
    const stream = await followed({ headers: { authorization: `Bearer ${token}` } });
    expect(stream.status).toBe(200);
    await stream.ended;
    expect(stream.events.map(({ event, data }) => [event, JSON.parse(data ?? '').code])).toEqual([
      ['end', 'TOKEN_EXPIRED'],
    ]);
  });

  test('gives a sign of life after 15 s of silence, having checked the caller', async () => {
    const acme = await aCompany();
    const person = await acme.as('viewer');
    const stream = await followed(person);
    await stream.untilText('retry');
    const real = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now');
    try {
      clock.mockImplementation(() => real() + 15_001);
      nudgeStreams([acme.id]);
      await stream.untilText(': still here');
      expect(stream.events).toEqual([]);
      await adminSql()`update sessions set ended_at = now() where user_id = ${person.id}`;
      clock.mockImplementation(() => real() + 30_002);
      nudgeStreams([acme.id]);
      await stream.ended;
      expect(stream.events.map(({ event }) => event)).toEqual(['end']);
    } finally {
      clock.mockRestore();
    }
  });

  test(`opens ${maxStreams.ofCaller} for a person, refuses one more with 429, and has room again when one is closed`, async () => {
    const acme = await aCompany();
    const person = await acme.as('agent');
    const streams = await Promise.all(range(1, maxStreams.ofCaller).map(() => followed(person)));
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
    const refused = await fetch(url, { headers: person.headers });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    expect(await refused.json()).toMatchObject({
      code: 'RATE_LIMITED',
      message: 'You have 20 event streams open here already, and may not have more: close one first.',
    });
    expect((await followed(await acme.as('viewer'))).status).toBe(200);
    streams[0]?.close();
    await eventually(() => expect(openStreamCount()).toBe(maxStreams.ofCaller));
    expect((await followed(person)).status).toBe(200);
  });

  test('limits a company whose callers are many', async () => {
    setSettings({ STREAMS_OF_ADDRESS: '200' });
    const acme = await aCompany();
    const people = await Promise.all(roles.map((role) => acme.as(role)));
    const callers = [...people, await acme.key()];
    const all = await Promise.all(callers.flatMap((caller) => range(1, 18).map(() => followed(caller))));
    const statuses = all.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(maxStreams.ofCompany);
    expect(statuses.filter((status) => status === 429)).toHaveLength(8);
    await hasLog(acme, 1);
    await Promise.all(all.filter(({ status }) => status === 200).map((one) => one.until(1)));
  });

  test('opens 60 from one network address, over all companies', async () => {
    const companies = await Promise.all(range(1, 4).map(() => aCompany()));
    const people = await Promise.all(companies.map((company) => company.as('agent')));
    const all = await Promise.all(people.flatMap((person) => range(1, 16).map(() => followed(person))));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(60);
    const refused = await fetch(url, { headers: people[0]?.headers ?? {} });
    expect((await refused.json()).message).toContain('Your network address has 60');
  });

  test('opens two for a person with an unproved address, and for their keys', async () => {
    const acme = await aCompany();
    const person = await acme.as('agent');
    const colleague = await acme.as('viewer');
    await adminSql()`update users set email_verified_at = null where id = ${person.id}`;
    const { key, prefix, hash } = makeApiKey();
    await adminSql()`insert into api_keys (company_id, user_id, prefix, key_hash, scopes)
      values (${acme.id}, ${person.id}, ${prefix}, ${hash}, '{*}')`;
    const byKey = { headers: { 'x-api-key': key } };
    const streams = [await followed(person), await followed(byKey)];
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    for (const caller of [person, byKey]) {
      const refused = await fetch(url, { headers: caller.headers });
      expect([refused.status, (await refused.json()).message]).toEqual([
        429,
        'You have 2 event streams open here already, and may not have more: close one, or prove your e-mail address.',
      ]);
    }
    const others = await Promise.all(range(1, 3).map(() => followed(colleague)));
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200]);
    await adminSql()`update users set email_verified_at = now() where id = ${person.id}`;
    expect((await followed(person)).status).toBe(200);
  });

  test('gives a newcomer the place of the company that holds most, when all are taken', async () => {
    const most = maxStreams.ofAll;
    maxStreams.ofAll = 6;
    try {
      const [small, big, newcomer] = [await aCompany(), await aCompany(), await aCompany()];
      const kept = [await followed(await small.as('agent')), await followed(await small.as('viewer'))];
      const manager = await big.as('manager');
      const theirs: Follower[] = [];
      for (let i = 0; i < 4; i++) theirs.push(await followed(manager));
      const third = await followed(await newcomer.as('owner'));
      await theirs[0]?.ended;
      expect(theirs[0]?.events).toEqual([]);
      expect(theirs[0]?.blocks.at(-1)?.text).toContain('retry: 30000');
      expect(third.status).toBe(200);
      await Promise.all([small, big, newcomer].map((company) => hasLog(company, 1)));
      await Promise.all([...kept, ...theirs.slice(1), third].map((one) => one.until(1)));
      // The one that ended comes back where it was, and its own company gives the place.
      const again = await followed(manager, { lastEventId: theirs[0]?.lastEventId() ?? '' });
      await again.until(1);
      await theirs[1]?.ended;
    } finally {
      maxStreams.ofAll = most;
    }
  });

  test('takes no place of a company for the many accounts of one address', () => {
    const opened: ReturnType<typeof openStream>[] = [];
    try {
      const owner = (n: number, address: string) => ({
        ...{ companyId: `company ${n}`, callerId: `user ${n}`, isUnproved: n > 0, address },
      });
      // From an office of 30, and from addresses with 60 accounts each.
      for (let i = 0; i < 30; i++)
        opened.push(openStream({ ...owner(0, '192.0.2.1'), callerId: `user a${i}` }, 0));
      for (let i = 0; i < maxStreams.ofAll + 500; i++) {
        const address = `198.51.100.${Math.floor((i % 1_500) / 60)}`;
        opened.push(openStream(owner(i + 1, address), 0));
      }
      expect(opened.slice(0, 30).filter(({ isGivenUp }) => isGivenUp)).toEqual([]);
      expect(opened.filter(({ isGivenUp }) => !isGivenUp)).toHaveLength(maxStreams.ofAll);
      openStream(owner(9_999, '203.0.113.1'), 0).close();
    } finally {
      for (const stream of opened) stream.close();
    }
  });

  test('forgets a client that goes away', async () => {
    const stream = await followed(await (await aCompany()).as('viewer'));
    expect(openStreamCount()).toBe(1);
    stream.close();
    await eventually(() => expect(openStreamCount()).toBe(0));
  });

  test('ends at once when the server closes, and is taken up at the next one', async () => {
    const acme = await aCompany();
    const manager = await acme.as('manager');
    const streams = await Promise.all(range(1, 5).map(() => followed(manager)));
    await hasLog(acme, 1);
    await Promise.all(streams.map((one) => one.until(1)));
    await server.close(); // here streams have no term: nothing else would end them
    await Promise.all(streams.map(({ ended }) => ended));
    expect(streams[0]?.events.map(({ event }) => event)).toEqual(['message.received']);
    await hasLog(acme, 1);
    await start();
    const again = await followed(manager, { lastEventId: streams[0]?.lastEventId() ?? '' });
    await again.until(1);
    expect(numbersOf(again)).toEqual([2]);
  });
});

describe('where an answer may not run on', () => {
  beforeEach(() => setStreamTerms(20_000));
  afterEach(() => setStreamTerms(0));
  const lambda = async (caller: TestCaller, lastEventId?: string) => {
    const event = {
      version: '2.0',
      rawPath: '/api/events/stream',
      rawQueryString: '',
      headers: { ...caller.headers, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
      requestContext: {
        domainName: 'api.example.com',
        http: { method: 'GET', path: '/api/events/stream', sourceIp: '192.0.2.1' },
      },
    };
    const result = await streamEvents.handler(event as never, {} as never); // the parts of them that are read
    return follower(new Response(result.body, { status: result.statusCode ?? 0 }), () => {});
  };

  test('Lambda answers with what is there', async () => {
    const acme = await aCompany();
    await hasLog(acme, 250);
    const answer = await lambda(await acme.as('viewer'), '0');
    await answer.ended;
    expect(numbersOf(answer)).toEqual(range(1, 250));
  });

  test('Lambda waits for the first events, and answers with them at once', async () => {
    const acme = await aCompany();
    const waiting = lambda(await acme.as('viewer'));
    await eventually(() => expect(openStreamCount()).toBe(1));
    await happens(acme, { type: 'message.received' }, { type: 'message.received' });
    const answer = await waiting;
    await answer.ended;
    expect(numbersOf(answer)).toEqual([1, 2]);
  });

  test('Lambda ends after its time, with what to come back with', async () => {
    setStreamTerms(300);
    const acme = await aCompany();
    await hasLog(acme, 9);
    const answer = await lambda(await acme.as('viewer'));
    await answer.ended;
    expect([answer.events, answer.lastEventId()]).toEqual([[], '9']);
  });

  test('the web’s Response is written as it comes, ends after its time, and when it is cancelled', async () => {
    const acme = await aCompany();
    const { headers } = await acme.as('viewer');
    const ask = async () =>
      await streamEvents.serve(new Request('https://api.example.com/api/events/stream', { headers }));
    const stream = follower(await ask(), () => {});
    await happens(acme, { type: 'message.received' });
    await stream.until(1);
    expect(openStreamCount()).toBe(1);
    setStreamTerms(200);
    const short = follower(await ask(), () => {});
    await short.ended;
    expect(short.lastEventId()).toBe('1');
    setStreamTerms(20_000);
    const cancelled = await ask();
    const reader = cancelled.body?.getReader();
    await reader?.read();
    await eventually(() => expect(openStreamCount()).toBe(2));
    await reader?.cancel();
    await eventually(() => expect(openStreamCount()).toBe(1));
    await adminSql()`update sessions set ended_at = now() where company_id = ${acme.id}`;
    nudgeStreams([acme.id]);
    await stream.ended;
  });
});

test('a reader who takes nothing makes nothing be read', async () => {
  const acme = await aCompany();
  await hasLog(acme, 1_000, JSON.stringify({ text: 'x'.repeat(20_000) }));
  const { headers } = await acme.as('viewer');
  setStreamTerms(20_000);
  const response = await streamEvents.serve(
    new Request('https://api.example.com/api/events/stream?after=0', { headers }),
  );
  const reader = response.body?.getReader();
  await reader?.read(); // retry
  const { value } = (await reader?.read()) ?? {};
  expect(value?.length).toBeGreaterThan(100 * 20_000);
  expect(value?.length).toBeLessThan(101 * 20_500);
  const before = await adminSql()`select 1`; // a round trip's time for whoever would read on
  expect(before).toHaveLength(1);
  expect(openStreamCount()).toBe(1);
  await reader?.cancel();
  setStreamTerms(0);
});
