import { sql } from 'drizzle-orm/sql';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { wake } from '#core/work/queue.ts';
import type { Announcement } from '#telephony/model/updates.ts';
import { callEvents, messageEvents, voicemailEvents } from './announce.ts';
import { type Entries, type Entry, entriesOf, load, mergeAll, type OwnedUpdate } from './entries.ts';
import { insertFresh, insertOutbox, insertTimeline, updateChanged } from './row-writes.ts';
import { callTarget, messageTarget, type Target, voicemailTarget } from './targets.ts';

export type { OwnedUpdate } from './entries.ts';

export interface Applied {
  /** Rows that are new to us. */
  inserted: number;
  /** Rows that were there and changed. */
  changed: number;
}

/** Ties each voicemail to its call, which the same batch may just have made. */
async function findCalls(tx: Tx, voicemails: Entry[], calls: Entries): Promise<void> {
  const unknown: Entry[] = [];
  for (const entry of voicemails) {
    const call = calls.get(`${entry.companyId}\n${entry.provider}\n${entry.row.provider_call_id}`);
    if (call) entry.row.call_id = call.id;
    else unknown.push(entry);
  }
  if (unknown.length === 0) return;
  const found = await rowsOf<{ id: string; owner: string }>(
    tx,
    sql`select c.id, c.company_id || ' ' || c.provider || ' ' || c.provider_call_id as owner from calls c
      join unnest(${textArray(unknown.map(({ companyId }) => companyId))}::uuid[], ${textArray(unknown.map(({ provider }) => provider))},
        ${textArray(unknown.map(({ row }) => String(row.provider_call_id)))}) as k (company_id, provider, key)
        on c.company_id = k.company_id and c.provider = k.provider and c.provider_call_id = k.key`,
  );
  const byOwner = new Map(found.map(({ owner, id }) => [owner, id]));
  for (const { row, companyId, provider } of unknown) {
    row.call_id = byOwner.get(`${companyId} ${provider} ${row.provider_call_id}`) ?? null;
  }
}

function announcementsOf(entry: Entry): (Announcement & { at: number })[] {
  return entry.updates.flatMap(({ update }) =>
    update.kind === 'call'
      ? (update.announce ?? []).map((item) => ({ ...item, at: update.announcedAt ?? update.clock.at }))
      : [],
  );
}

/**
 * Another worker made one of the rows between our look and our insert. The transaction is to be run again: locking that
 * row now would break the order in which everyone locks, and two batches could wait for each other.
 */
export class RowsAppeared extends Error {}

/** Writes merged rows. @returns the entries whose rows are new, and those whose rows changed. */
async function write(
  tx: Tx,
  target: Target,
  entries: Entries,
  complete: (entries: Entry[]) => Promise<void>,
): Promise<{ fresh: Entry[]; changed: Entry[] }> {
  const { fresh, changed } = mergeAll(target, entries);
  await complete([...fresh, ...changed]);
  const [inserted] = await Promise.all([insertFresh(tx, target, fresh), updateChanged(tx, target, changed)]);
  if (inserted < fresh.length) throw new RowsAppeared();
  return { fresh, changed };
}

/**
 * Merges updates into calls, messages and voicemails, with the timeline and the outbox: a handful of statements,
 * however many updates. Runs in a transaction of the service; the caller commits all of it, or nothing.
 * The commit wakes what dispatches the events.
 * `announceSince` keeps old history quiet: what happened before it is stored, but told to nobody.
 * @throws RowsAppeared when another worker was first with a new row: run the transaction again.
 */
export async function applyUpdates(
  tx: Tx,
  owned: readonly OwnedUpdate[],
  options: { announceSince?: Date } = {},
): Promise<Applied> {
  const calls = entriesOf(owned, 'call');
  const messages = entriesOf(owned, 'message');
  const voicemails = entriesOf(owned, 'voicemail');
  await Promise.all([
    load(tx, callTarget, calls),
    load(tx, messageTarget, messages),
    load(tx, voicemailTarget, voicemails),
  ]);
  const nothing = async () => {};
  const call = await write(tx, callTarget, calls, nothing);
  const message = await write(tx, messageTarget, messages, nothing);
  const voicemail = await write(tx, voicemailTarget, voicemails, (entries) => findCalls(tx, entries, calls));

  const events = [
    ...[...calls.values()].flatMap((entry) =>
      callEvents(entry.row, entry, entry.before, announcementsOf(entry)),
    ),
    ...message.fresh.flatMap((entry) => messageEvents(entry.row, entry)),
    ...voicemail.fresh.flatMap((entry) => voicemailEvents(entry.row, entry)),
  ];
  const since = options.announceSince?.toISOString();
  const told = since ? events.filter(({ occurred_at }) => occurred_at >= since) : events;
  insertTimeline(tx, [...calls.values()]);
  insertOutbox(tx, told);
  const companyIds = told.map(({ company_id }) => company_id);
  wake('outbox', companyIds, { after: tx });
  return {
    inserted: call.fresh.length + message.fresh.length + voicemail.fresh.length,
    changed: [...call.changed, ...message.changed, ...voicemail.changed].filter(({ hasNews }) => hasNews)
      .length,
  };
}

/** What applying an update to a call would do. */
export type Standing = 'missing' | 'behind' | 'current';

/** Compares updates of calls with our rows, by the provider's id of the call; changes nothing. */
export async function compareCalls(tx: Tx, owned: readonly OwnedUpdate[]): Promise<Map<string, Standing>> {
  const entries = entriesOf(owned, 'call');
  await load(tx, callTarget, entries);
  mergeAll(callTarget, entries);
  return new Map(
    [...entries.values()].map(({ key, before, hasNews }) => [
      key,
      !before ? 'missing' : hasNews ? 'behind' : 'current',
    ]),
  );
}
