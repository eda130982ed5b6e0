import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { lifecycle } from '#local/providers/dialpad/lifecycles.ts';
import * as getCall from '#telephony/calls/get-call.ts';
import * as listCallEvents from '#telephony/calls/list-call-events.ts';
import * as listCalls from '#telephony/calls/list-calls.ts';
import * as processInbound from './process-inbound.worker.ts';
import * as receiveDialpad from './receive-dialpad.ts';
import { forgetHookSecrets } from './shared/hook-secrets.ts';
import * as sweep from './sweep.schedule.ts';

const seeds = () => Math.floor(Math.random() * 2 ** 31);
const startMs = Date.parse('2026-03-01T10:00:00Z');

/** A company whose Dialpad organisation is linked, and that nobody else's events reach. */
async function linked(): Promise<TestCompany & { organization: string }> {
  const acme = await aCompany();
  const organization = `org-${randomUUID()}`;
  await acme.links({ provider: 'dialpad', kind: 'organization', externalId: organization });
  return Object.assign(acme, { organization });
}

const send = (event: object, organization: string) =>
  post(receiveDialpad, dialpadBody({ ...event, company_id: organization }));

const rowsOfEvents = (ids: string[]) =>
  adminSql()`select id, status, attempts, error from inbound_events where id = any(${ids})`;

beforeEach(() => {
  forgetHookSecrets();
  setInlineRunner(async (_queue, ids) => processInbound.run(ids));
});

describe('POST /webhooks/dialpad', () => {
  test('turns the events of one conversation, however many legs, into one call with its timeline', async () => {
    const acme = await linked();
    const events = lifecycle('answered', seeds(), startMs);
    for (const event of events) {
      const { status, body } = await send(event, acme.organization);
      expect([status, body.data.status]).toEqual([200, 'received']);
    }
    const key = await acme.key();
    const { body } = await key.request(listCalls);
    expect(body.data).toHaveLength(1);
    expect(body.data[0]).toMatchObject({ provider: 'dialpad', status: 'completed', direction: 'inbound' });
    expect(body.data[0].durationMs).toBeGreaterThan(0);
    const call = (await key.request(getCall, { id: body.data[0].id })).body.data;
    expect(call.summary).toEqual(expect.any(String));
    const timeline = (await key.request(listCallEvents, { id: call.id, limit: 100 })).body;
    expect(timeline.pagination.total).toBe(events.length);
    const outbox = await adminSql()`select type from outbox where subject_id = ${call.id} order by type`;
    expect(outbox.map(({ type }) => type)).toEqual(['call.analyzed', 'call.completed', 'call.started']);
  });

  test('stores nothing that outlives its company', async () => {
    const acme = await linked();
    await send(lifecycle('missed', seeds(), startMs)[0] ?? {}, acme.organization);
    await adminSql()`delete from companies where id = ${acme.id}`;
    expect(await adminSql()`select id from inbound_events where company_id = ${acme.id}`).toEqual([]);
  });

  test('answers a repeat 200 and adds nothing', async () => {
    const acme = await linked();
    const [event] = lifecycle('missed', seeds(), startMs);
    if (!event) throw new Error('no event');
    expect((await send(event, acme.organization)).body.data.status).toBe('received');
    expect((await send(event, acme.organization)).body.data.status).toBe('repeated');
    const [count] =
      await adminSql()`select count(*)::int as n from inbound_events where company_id = ${acme.id}`;
    expect(count?.n).toBe(1);
  });

  test.each([
    ['an unsigned body', JSON.stringify({ call_id: 1, state: 'hangup' })],
    ['another secret', dialpadBody({ call_id: 1, state: 'hangup' }, 'another-secret')],
    ['a changed payload', dialpadBody({ call_id: 1 }).replace(/\.[^.]+\./, '.eyJjYWxsX2lkIjoyfQ.')],
    ['no body', ''],
    ['bytes of no text', Buffer.from([0xff, 0xfe, 0x00, 0x2e, 0x2e])],
  ])('refuses %s with 401 and leaves no row', async (_, body) => {
    const [before] = await adminSql()`select count(*)::int as n from inbound_events`;
    const answer = await post(receiveDialpad, body);
    expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_SIGNATURE']);
    const [after] = await adminSql()`select count(*)::int as n from inbound_events`;
    expect(after?.n).toBe(before?.n);
  });

  test('keeps what is signed but not understood, answers 200, and does not process it', async () => {
    const own = randomUUID(); // the same nonsense from another test would be a repeat
    for (const odd of [
      `{"hello":"${own}"}`,
      `not json at all ${own}`,
      `["${own}"]`,
      `{"a":"\\u0000\\ud800","b":"${own}"}`,
      `123456789012345678901${seeds()}`,
    ]) {
      const { status, body } = await post(receiveDialpad, dialpadBody(odd));
      expect([status, body.data.status]).toEqual([200, 'unrecognised']);
    }
  });

  test('stores the NULs and broken Unicode of an event, and a call made of it', async () => {
    const acme = await linked();
    const event = lifecycle('outbound', seeds(), startMs).at(-1);
    const { body } = await send({ ...event, labels: ['a\0b', '\ud800'] }, acme.organization);
    expect(body.data.status).toBe('received');
    const [row] = await rowsOfEvents([body.data.id]);
    expect(row).toMatchObject({ status: 'processed', error: null });
  });

  test('belongs to the app that the hook’s address names, and to the app whose secret signed', async () => {
    // Four secrets are tried at most, and other files of this worker leave theirs.
    await adminSql()`update provider_links set secret = null where provider = 'dialpad'`;
    await adminSql()`delete from company_integration_secrets where integration = 'dialpad' and name = 'webhookSecret'`;
    await adminSql()`update provider_hooks set deleted_at = now() where provider = 'dialpad' and deleted_at is null`;
    forgetHookSecrets();
    const acme = await aCompany();
    const one = await acme.app();
    const two = await acme.app();
    await acme.links({
      provider: 'dialpad',
      kind: 'organization',
      externalId: randomUUID(),
      appId: two.appId,
      secret: 'secret-of-app-two',
    });
    const [first] = lifecycle('missed', seeds(), startMs);
    const [second] = lifecycle('missed', seeds(), startMs);
    await post(receiveDialpad, dialpadBody(first), { path: `/webhooks/dialpad?app_id=${one.appId}` });
    await post(receiveDialpad, dialpadBody(second, 'secret-of-app-two'));
    expect((await one.request(listCalls)).body.data).toHaveLength(1);
    expect((await two.request(listCalls)).body.data).toHaveLength(1);
  });

  test('refuses the secret of one app for the hook of another', async () => {
    const acme = await aCompany();
    const one = await acme.app();
    const two = await acme.app();
    await acme.links({
      provider: 'dialpad',
      kind: 'organization',
      externalId: randomUUID(),
      appId: two.appId,
      secret: 'secret-of-two',
    });
    const answer = await post(receiveDialpad, dialpadBody({ call_id: 1, state: 'hangup' }, 'secret-of-two'), {
      path: `/webhooks/dialpad?app_id=${one.appId}`,
    });
    expect(answer.status).toBe(401);
  });

  test('keeps an event of nobody as unmatched', async () => {
    const { body } = await send(lifecycle('missed', seeds(), startMs)[0] ?? {}, `nobody-${randomUUID()}`);
    expect(body.data.status).toBe('unmatched');
  });

  test('accepts while the queue is away, and the sweep processes later', async () => {
    const acme = await linked();
    setInlineRunner(() => Promise.reject(new Error('the queue is away')));
    const { status, body } = await send(lifecycle('missed', seeds(), startMs)[0] ?? {}, acme.organization);
    expect(status).toBe(200);
    expect((await rowsOfEvents([body.data.id]))[0]?.status).toBe('received');
    await adminSql()`update inbound_events set next_attempt_at = now() - interval '1 minute' where id = ${body.data.id}`;
    setInlineRunner(async (_queue, ids) => processInbound.run(ids));
    await sweep.run();
    expect((await rowsOfEvents([body.data.id]))[0]?.status).toBe('processed');
  });
});

describe('processing', () => {
  test('an event that the database refuses fails alone, rests longer each time, and is failed after six attempts', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const good = lifecycle('missed', seeds(), startMs).slice(0, 4);
    const ids: string[] = [];
    for (const event of good) ids.push((await send(event, acme.organization)).body.data.id);
    const poison = randomUUID();
    // Its app is of another company, which only the foreign key knows: the whole batch is refused.
    await adminSql()`insert into inbound_events (id, provider, dedupe_key, company_id, type, payload, status)
      values (${poison}, 'nobody', ${poison}, ${acme.id}, 'x', '{}', 'received')`;
    await processInbound.run([...ids, poison]);
    expect((await rowsOfEvents(ids)).every((row) => row.status === 'processed')).toBe(true);
    const rests: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt++) {
      const [row] =
        await adminSql()`select attempts, status, error, extract(epoch from next_attempt_at - now())::float as rest
        from inbound_events where id = ${poison}`;
      expect(row?.attempts).toBe(attempt);
      if (attempt < 6) rests.push(Math.round(Number(row?.rest)));
      expect(row?.status).toBe(attempt < 6 ? 'received' : 'failed');
      await adminSql()`update inbound_events set next_attempt_at = now() where id = ${poison}`;
      await processInbound.run([poison]);
    }
    expect(
      rests.map((rest) => [5, 30, 120, 600, 3600].find((wanted) => Math.abs(wanted - rest) <= 2)),
    ).toEqual([5, 30, 120, 600, 3600]);
  });

  test('a batch takes along what waits for its first attempt, though no message names it', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const ids: string[] = [];
    for (const event of lifecycle('missed', seeds(), startMs).slice(0, 4))
      ids.push((await send(event, acme.organization)).body.data.id);
    const [named = '', ...others] = ids;
    const tried = others.pop() ?? '';
    await adminSql()`update inbound_events set attempts = 1 where id = ${tried}`;
    await processInbound.run([named]);
    const statuses = async () =>
      Object.fromEntries((await rowsOfEvents(ids)).map(({ id, status }) => [id, status]));
    expect(await statuses()).toEqual({
      ...Object.fromEntries([named, ...others].map((id) => [id, 'processed'])),
      [tried]: 'received', // its own message, or the sweep, has it done again
    });
  });

  test('one that waits and is refused fails no event that a message names, and is left to its own message', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const [event = {}] = lifecycle('missed', seeds(), startMs);
    const { id } = (await send(event, acme.organization)).body.data;
    const poison = randomUUID();
    const other = await aCompany();
    const { appId } = await other.app();
    // Its app is of another company, which only the foreign key of the call knows: the whole batch is refused.
    const payload = JSON.stringify({
      ...lifecycle('missed', seeds(), startMs)[0],
      company_id: acme.organization,
    });
    await adminSql().unsafe(
      `insert into inbound_events (id, provider, dedupe_key, company_id, app_id, type, payload, status)
       values ($1::text::uuid, 'dialpad', $1, $2, $3, 'x', $4::text::json, 'received')`,
      [poison, acme.id, appId, payload],
    );
    await processInbound.run([id]);
    const rows = await rowsOfEvents([id, poison]);
    expect(Object.fromEntries(rows.map((row) => [row.id, [row.status, row.attempts]]))).toEqual({
      [id]: ['processed', 1],
      [poison]: ['received', 0],
    });
    await adminSql()`delete from inbound_events where id = ${poison}`;
  });

  test('two workers with the same events do each once', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) {
      for (const event of lifecycle('answered', seeds(), startMs))
        ids.push((await send(event, acme.organization)).body.data.id);
    }
    await Promise.all(Array.from({ length: 4 }, () => processInbound.run(ids)));
    const rows = await rowsOfEvents(ids);
    expect(rows.every((row) => row.status === 'processed' && row.attempts === 1)).toBe(true);
    const [lines] =
      await adminSql()`select count(*)::int as n from call_events where company_id = ${acme.id}`;
    expect(lines?.n).toBe(ids.length);
  });

  test('two workers with different events of the same calls lose none', async () => {
    const acme = await linked();
    setInlineRunner(async () => {});
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      for (const event of lifecycle('answered', seeds(), startMs))
        ids.push((await send(event, acme.organization)).body.data.id);
    }
    const parts = [0, 1, 2, 3].map((part) => ids.filter((_, index) => index % 4 === part));
    await Promise.all(parts.map((part) => processInbound.run(part)));
    const { body } = await (await acme.key()).request(listCalls, { limit: 100 });
    expect(body.data).toHaveLength(20);
    expect(body.data.every((call: { status: string }) => call.status === 'completed')).toBe(true);
    const [lines] =
      await adminSql()`select count(*)::int as n from call_events where company_id = ${acme.id}`;
    expect(lines?.n).toBe(ids.length);
  });
});
