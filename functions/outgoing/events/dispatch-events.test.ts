import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { makeContext } from '#core/context.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany } from '#core/testing/company.ts';
import type { QueueName } from '#core/work/queue.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { aWebhook } from '../webhooks/testing/endpoints.ts';
import * as dispatchEvents from './dispatch-events.worker.ts';
import { dispatch } from './shared/dispatch.ts';
import * as sweep from './sweep-events.schedule.ts';
import { anEvent, logOf } from './testing/outbox.ts';

const nowhere = 'http://127.0.0.1:9/';
const wakeNobody = async () => {};
setInlineRunner(wakeNobody);
afterEach(() => setInlineRunner(wakeNobody));

const deliveriesOf = (companyId: string) =>
  adminSql()<{ event_id: string; endpoint_id: string }[]>`
    select event_id, endpoint_id from webhook_deliveries where company_id = ${companyId}`;

const sequence = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

const withBacklog = (companyId: string, count: number) =>
  adminSql()`insert into outbox (company_id, type, subject_id, dedupe_key, data, occurred_at)
    select ${companyId}, 'call.started', private.uuid_v7(), n::text, '{}', now() from generate_series(1, ${count}::int) n`;

const aContext = () =>
  makeContext({
    requestId: 'test',
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'pipeline' },
    waitUntil: () => {},
  });

describe('the dispatch of events', () => {
  test('gives each its place, in order and without a gap, and a delivery for each webhook that hears of it', async () => {
    const acme = await aCompany();
    const [all, missed, off] = [
      await aWebhook(acme.id, nowhere),
      await aWebhook(acme.id, nowhere, ['call.missed', 'message.received']),
      await aWebhook(acme.id, nowhere),
    ];
    await adminSql()`update webhook_endpoints set is_active = false where id = ${off.id}`;
    const types = ['call.started', 'message.received', 'call.transferred'];
    const ids: string[] = [];
    for (const type of types) ids.push(await anEvent(acme.id, { type }));
    await dispatchEvents.run([acme.id]);
    expect((await logOf(acme.id)).map(({ id, sequence: place }) => [id, place])).toEqual(
      ids.map((id, index) => [id, String(index + 1)]),
    );
    const made = await deliveriesOf(acme.id);
    expect(made.filter(({ endpoint_id }) => endpoint_id === all.id)).toHaveLength(3);
    expect(made.filter(({ endpoint_id }) => endpoint_id === missed.id)).toMatchObject([{ event_id: ids[1] }]);
    expect(made.filter(({ endpoint_id }) => endpoint_id === off.id)).toEqual([]);
  });

  test('is the same done twice, eight times at once, and while events come', async () => {
    const [acme, other] = [await aCompany(), await aCompany('Other')];
    await aWebhook(acme.id, nowhere);
    for (let round = 0; round < 3; round++) {
      await Promise.all([
        ...Array.from({ length: 20 }, () => anEvent(acme.id)),
        ...Array.from({ length: 5 }, () => anEvent(other.id)),
        ...Array.from({ length: 8 }, () => dispatchEvents.run([other.id, acme.id])),
      ]);
    }
    await dispatchEvents.run([acme.id, other.id, acme.id]);
    await dispatchEvents.run([acme.id]);
    expect((await logOf(acme.id)).map((event) => event.sequence)).toEqual(sequence(1, 60));
    expect((await logOf(other.id)).map((event) => event.sequence)).toEqual(sequence(1, 15));
    expect(await deliveriesOf(acme.id)).toHaveLength(60);
    expect(await deliveriesOf(other.id)).toEqual([]);
  });

  test('takes more than a batch', async () => {
    const acme = await aCompany();
    await withBacklog(acme.id, 1234);
    await dispatchEvents.run([acme.id]);
    expect((await logOf(acme.id)).map((event) => event.sequence)).toEqual(sequence(1, 1234));
  });

  test('leaves what it has no time for to another message: a company with very many holds up nobody', async () => {
    const [wide, narrow] = [await aCompany(), await aCompany()];
    await withBacklog(wide.id, 1234);
    await anEvent(narrow.id);
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, ids) => void woken.push([queue, ids]));
    await dispatch(aContext(), [wide.id, narrow.id], Date.now());
    expect([(await logOf(wide.id)).length, (await logOf(narrow.id)).length]).toEqual([500, 1]);
    expect(woken).toEqual([['outbox', [wide.id]]]);
  });

  test('does not wait for the receivers, where there is no queue to wake', async () => {
    const acme = await aCompany();
    await aWebhook(acme.id, nowhere);
    await withBacklog(acme.id, 1000);
    let goOn = () => {};
    setInlineRunner((queue) =>
      queue === 'deliveries'
        ? new Promise<void>((resolve) => {
            goOn = resolve;
          })
        : wakeNobody(),
    );
    await expect(dispatch(aContext(), [acme.id], Date.now() + 120_000)).resolves.toEqual({
      dispatched: 1000,
    });
    setInlineRunner(wakeNobody);
    goOn();
  });

  test('passes over a webhook that is being deleted', async () => {
    const acme = await aCompany();
    const [gone, stays] = [await aWebhook(acme.id, nowhere), await aWebhook(acme.id, nowhere)];
    await anEvent(acme.id);
    let run: Promise<void> | undefined;
    await adminSql().begin(async (tx) => {
      await tx`delete from webhook_endpoints where id = ${gone.id}`;
      run = dispatchEvents.run([acme.id]);
      await expect
        .poll(async () => {
          const [row] = await adminSql()`select count(*)::int as n from pg_stat_activity
            where datname = current_database() and usename = 'trunkline_api' and wait_event_type = 'Lock'`;
          return row?.n;
        })
        .toBeGreaterThan(0);
    });
    await expect(run).resolves.toBeUndefined();
    expect(await deliveriesOf(acme.id)).toMatchObject([{ endpoint_id: stays.id }]);
  });

  test('does not tell of an end that was corrected before anybody heard of it', async () => {
    const acme = await aCompany();
    const answered = await acme.hasCall({ status: 'completed' });
    const missed = await acme.hasCall({ status: 'voicemail' });
    const outbound = await acme.hasCall({ status: 'missed', direction: 'outbound' });
    for (const { id: subjectId } of [answered, missed, outbound]) {
      await anEvent(acme.id, { type: 'call.missed', subjectId });
      await anEvent(acme.id, { type: 'call.completed', subjectId });
    }
    await dispatchEvents.run([acme.id]);
    const told = await adminSql()`select type, subject_id, sequence::int from outbox
      where company_id = ${acme.id} and sequence is not null order by outbox.sequence`;
    expect(told).toEqual([
      { type: 'call.completed', subject_id: answered.id, sequence: 1 },
      { type: 'call.missed', subject_id: missed.id, sequence: 2 },
      { type: 'call.completed', subject_id: outbound.id, sequence: 3 },
    ]);
    const [{ waiting } = {}] = await adminSql()`
      select count(*)::int as waiting from outbox where company_id = ${acme.id} and dispatched_at is null`;
    expect(waiting).toBe(0);
  });

  test('wakes the webhooks that have something to send, and nobody for a company that is gone', async () => {
    const acme = await aCompany();
    const [heard] = [await aWebhook(acme.id, nowhere), await aWebhook(acme.id, nowhere, ['order.created'])];
    await anEvent(acme.id);
    const woken: [QueueName, string[]][] = [];
    setInlineRunner(async (queue, ids) => void woken.push([queue, ids]));
    await dispatchEvents.run([acme.id, '01930000-0000-7000-8000-00000000dead']);
    expect(woken).toEqual([['deliveries', [heard?.id]]]);
    await adminSql()`delete from companies where id = ${acme.id}`;
    await expect(dispatchEvents.run([acme.id])).resolves.toBeUndefined();
  });
});

describe('the sweep', () => {
  test('wakes each company whose events wait for too long, once', async () => {
    const [late, fresh, done] = [await aCompany(), await aCompany(), await aCompany()];
    for (const { id } of [late, late, done]) await anEvent(id);
    await dispatchEvents.run([done.id]);
    await adminSql()`update outbox set created_at = now() - interval '1 minute' where company_id in (${late.id}, ${done.id})`;
    await anEvent(fresh.id);
    const woken: string[] = [];
    setInlineRunner(async (_queue, ids) => void woken.push(...ids));
    await sweep.run();
    const ours = new Set([late.id, fresh.id, done.id]);
    expect(woken.filter((id) => ours.has(id))).toEqual([late.id]);
  });

  test('finds them in the index of what waits, also where Postgres believes that nothing does', async () => {
    const { plan } = await adminSql().begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      const rows = await tx`explain select company_id, created_at from outbox
        where dispatched_at is null and company_id > ${randomUUID()} order by company_id, id limit 1`;
      return { plan: rows.map((row) => row['QUERY PLAN']).join('\n') };
    });
    expect(plan).toContain('outbox_waiting');
    const [other] = await adminSql()<{ indexdef: string }[]>`
      select indexdef from pg_indexes where indexname = 'outbox_by_dispatch'`;
    expect(other?.indexdef).toMatch(/where \(dispatched_at is not null\)$/i);
  });
});
