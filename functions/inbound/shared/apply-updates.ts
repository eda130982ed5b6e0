import { type SQL, sql } from 'drizzle-orm/sql';
import { v7 as uuidv7 } from 'uuid';
import { rowsOf, type Tx, textArray } from '#core/db.ts';
import type { Announcement, CallUpdate, Update } from '#providers/provider.ts';
import { callEvents, messageEvents, type OutboxEvent, voicemailEvents } from './announce.ts';
import { type Merged, merge, sameValues } from './merge.ts';
import { mergedOf, type StoredRow, storedOf, valuesOf } from './rows.ts';
import { callTarget, messageTarget, type Target, voicemailTarget } from './targets.ts';

/** An update and whose it is. */
export interface OwnedUpdate {
  companyId: string;
  appId: string | null;
  provider: string;
  /** The stored event that it comes from; null for a sync. */
  eventId: string | null;
  update: Update;
}

export interface Applied {
  /** Rows that are new to us. */
  inserted: number;
  /** Rows that were there and changed. */
  changed: number;
}

/** Another worker made one of the rows between our look and our insert: the batch is simply done again. */
export class RowsAppeared extends Error {}

interface Entry {
  id: string;
  companyId: string;
  appId: string | null;
  provider: string;
  key: string;
  before: StoredRow | undefined;
  merged: Merged | undefined;
  row: StoredRow;
  updates: OwnedUpdate[];
  /** Whether a value changed, not only a clock. */
  hasNews: boolean;
}

const keyOf = (update: Update): string =>
  update.kind === 'call'
    ? update.providerCallId
    : update.kind === 'message'
      ? update.providerMessageId
      : update.providerVoicemailId;

function valuesOfUpdate(update: Update): Record<string, unknown> {
  if (update.kind === 'call') {
    return valuesOf(update.fields, { details: update.details, metadata: update.metadata });
  }
  if (update.kind === 'voicemail')
    return { ...valuesOf(update.fields), providerCallId: update.providerCallId };
  return valuesOf(update.fields);
}

/** One entry for each row that the updates are about, in the order in which every worker locks them. */
function entriesOf(owned: readonly OwnedUpdate[], kind: Target['kind']): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const item of owned) {
    if (item.update.kind !== kind) continue;
    const key = keyOf(item.update);
    const mapKey = `${item.companyId}\n${item.provider}\n${key}`;
    const entry = entries.get(mapKey);
    if (entry) entry.updates.push(item);
    else {
      entries.set(mapKey, {
        id: '',
        companyId: item.companyId,
        appId: item.appId,
        provider: item.provider,
        key,
        before: undefined,
        merged: undefined,
        row: {},
        updates: [item],
        hasNews: false,
      });
    }
  }
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Locks and reads the rows that exist, as JSON: `state_at` in epoch ms, numerics as text, times in ISO form. */
async function load(tx: Tx, target: Target, entries: Map<string, Entry>): Promise<void> {
  if (entries.size === 0) return;
  const list = [...entries.values()];
  const columns = target.columns.map(({ column, type }) => {
    const name = sql.identifier(column);
    if (type === 'timestamptz')
      return sql`to_char(t.${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${name}`;
    return type === 'numeric' ? sql`t.${name}::text as ${name}` : sql`t.${name}`;
  });
  const found = await rowsOf<{ row: StoredRow }>(
    tx,
    sql`select (select row_to_json(r) from (select t.id, t.company_id, t.app_id, t.provider,
        t.${sql.identifier(target.key)} as key, t.state_rank, (extract(epoch from t.state_at) * 1000)::bigint as state_at,
        t.field_clocks, ${sql.join(columns, sql`, `)}) r) as row
      from ${sql.identifier(target.table)} t
      join unnest(${textArray(list.map((entry) => entry.companyId))}::uuid[], ${textArray(list.map((entry) => entry.provider))},
        ${textArray(list.map((entry) => entry.key))}) as k (company_id, provider, key)
        on t.company_id = k.company_id and t.provider = k.provider and t.${sql.identifier(target.key)} = k.key
      order by t.company_id, t.provider, t.${sql.identifier(target.key)}
      for update of t`,
  );
  for (const { row } of found) {
    const entry = entries.get(`${row.company_id}\n${row.provider}\n${row.key}`);
    if (!entry) continue;
    entry.id = String(row.id);
    entry.appId = row.app_id === null ? entry.appId : String(row.app_id);
    entry.before = row;
    entry.merged = mergedOf(row, target);
  }
}

/** Merges each entry's updates; says which entries are new and which changed. */
function mergeAll(target: Target, entries: Map<string, Entry>): { fresh: Entry[]; changed: Entry[] } {
  const fresh: Entry[] = [];
  const changed: Entry[] = [];
  for (const entry of entries.values()) {
    const start = entry.merged;
    let merged = start;
    for (const { update } of entry.updates) {
      merged = merge(merged, { clock: update.clock, values: valuesOfUpdate(update) }, target.rules);
    }
    if (!merged) continue;
    if (!entry.before) {
      entry.id = uuidv7();
      fresh.push(entry);
      entry.hasNews = true;
    } else if (merged !== start) {
      changed.push(entry);
      entry.hasNews = !sameValues(merged, start);
    }
    entry.merged = merged;
    entry.row = { ...storedOf(merged, target), [target.key]: entry.key };
  }
  return { fresh, changed };
}

const recordOf = (target: Target): SQL =>
  sql.join(
    [
      ...['id uuid', 'company_id uuid', 'app_id uuid', 'provider text', `${target.key} text`].map((part) =>
        sql.raw(part),
      ),
      ...extraColumns(target).map((name) => sql.raw(`${name} uuid`)),
      ...target.columns
        .filter(({ column }) => column !== target.key)
        .map(({ column, type }) => sql.raw(`${column} ${type}`)),
      ...['state_rank integer', 'state_at timestamptz', 'field_clocks jsonb'].map((part) => sql.raw(part)),
    ],
    sql`, `,
  );

/** Columns that are found out rather than told: which agent, which call. */
const extraColumns = (target: Target): string[] =>
  target.kind === 'call' ? ['agent_id'] : target.kind === 'voicemail' ? ['call_id'] : [];

const writtenColumns = (target: Target): string[] => [
  ...extraColumns(target),
  ...target.columns.filter(({ column }) => column !== target.key).map(({ column }) => column),
  'state_rank',
  'state_at',
  'field_clocks',
];

async function insertFresh(tx: Tx, target: Target, fresh: Entry[]): Promise<void> {
  if (fresh.length === 0) return;
  const names = ['id', 'company_id', 'app_id', 'provider', target.key, ...writtenColumns(target)];
  const list = sql.raw(names.join(', '));
  const records = fresh.map((entry) => ({
    ...entry.row,
    id: entry.id,
    company_id: entry.companyId,
    app_id: entry.appId,
    provider: entry.provider,
  }));
  const inserted = await rowsOf(
    tx,
    sql`insert into ${sql.identifier(target.table)} (${list})
      select ${list} from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r (${recordOf(target)})
      on conflict do nothing returning 1`,
  );
  if (inserted.length < fresh.length) throw new RowsAppeared();
}

async function updateChanged(tx: Tx, target: Target, changed: Entry[]): Promise<void> {
  if (changed.length === 0) return;
  const records = changed.map((entry) => ({ ...entry.row, id: entry.id }));
  const set = writtenColumns(target).map((name) => sql.raw(`${name} = r.${name}`));
  await rowsOf(
    tx,
    sql`update ${sql.identifier(target.table)} t set ${sql.join(set, sql`, `)}, updated_at = now()
      from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r (${recordOf(target)}) where t.id = r.id`,
  );
}

/** Finds which of the company's agents handles each call. */
async function findAgents(tx: Tx, entries: Entry[]): Promise<void> {
  const named = entries.filter(({ row }) => row.provider_agent_id !== null);
  if (named.length === 0) return;
  const ids = [...new Set(named.map(({ row }) => String(row.provider_agent_id)))];
  const agents = await rowsOf<{ id: string; owner: string }>(
    tx,
    sql`select id, company_id || ' ' || provider || ' ' || provider_agent_id as owner
      from agents where company_id = any(${textArray([...new Set(named.map(({ companyId }) => companyId))])}::uuid[])
        and provider_agent_id = any(${textArray(ids)})`,
  );
  const byOwner = new Map(agents.map(({ owner, id }) => [owner, id]));
  for (const { row, companyId, provider } of named) {
    row.agent_id = byOwner.get(`${companyId} ${provider} ${row.provider_agent_id}`) ?? null;
  }
}

/** Ties each voicemail to its call, which the same batch may just have made. */
async function findCalls(tx: Tx, voicemails: Entry[], calls: Map<string, Entry>): Promise<void> {
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

function timelineOf(calls: Iterable<Entry>): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  for (const entry of calls) {
    for (const { update, eventId } of entry.updates) {
      const { timeline, clock } = update as CallUpdate; // only calls are given
      if (!timeline) continue;
      lines.push({
        id: uuidv7(),
        company_id: entry.companyId,
        app_id: entry.appId,
        call_id: entry.id,
        inbound_event_id: eventId,
        type: timeline.type,
        leg_id: timeline.legId ?? null,
        data: timeline.data ?? {},
        occurred_at: new Date(clock.at).toISOString(),
      });
    }
  }
  return lines;
}

/** Lines that an event left before are not left again: processing it anew must be harmless. */
async function insertTimeline(tx: Tx, lines: Record<string, unknown>[]): Promise<void> {
  if (lines.length === 0) return;
  await rowsOf(
    tx,
    sql`insert into call_events (id, company_id, app_id, call_id, inbound_event_id, type, leg_id, data, occurred_at)
    select * from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as r (id uuid, company_id uuid, app_id uuid,
      call_id uuid, inbound_event_id uuid, type text, leg_id text, data jsonb, occurred_at timestamptz)
    where not exists (select from call_events e where e.call_id = r.call_id and e.inbound_event_id = r.inbound_event_id)`,
  );
}

async function insertOutbox(tx: Tx, events: OutboxEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({ ...event, id: uuidv7() }));
  await rowsOf(
    tx,
    sql`insert into outbox (id, company_id, app_id, type, subject_id, dedupe_key, data, occurred_at)
    select id, company_id, app_id, type, subject_id, dedupe_key, data, occurred_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (id uuid, company_id uuid, app_id uuid, type text,
      subject_id uuid, dedupe_key text, data jsonb, occurred_at timestamptz)
    on conflict (company_id, dedupe_key) do nothing`,
  );
}

function announcementsOf(entry: Entry): (Announcement & { at: number })[] {
  return entry.updates.flatMap(({ update }) =>
    update.kind === 'call' ? (update.announce ?? []).map((item) => ({ ...item, at: update.clock.at })) : [],
  );
}

/**
 * Merges updates into calls, messages and voicemails, with the timeline and the outbox: a handful of statements,
 * however many updates. Runs in a transaction of the service; the caller commits all of it, or nothing.
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
  const call = mergeAll(callTarget, calls);
  const message = mergeAll(messageTarget, messages);
  const voicemail = mergeAll(voicemailTarget, voicemails);
  await Promise.all([
    findAgents(tx, [...call.fresh, ...call.changed]),
    findCalls(tx, [...voicemail.fresh, ...voicemail.changed], calls),
  ]);

  const events = [
    ...[...calls.values()].flatMap((entry) =>
      callEvents(entry.row, entry, entry.before, announcementsOf(entry)),
    ),
    ...message.fresh.flatMap((entry) => messageEvents(entry.row, entry)),
    ...voicemail.fresh.flatMap((entry) => voicemailEvents(entry.row, entry)),
  ];
  const since = options.announceSince?.toISOString();
  // Sent together, done by the server in this order: rows before what refers to them.
  await Promise.all([
    insertFresh(tx, callTarget, call.fresh),
    updateChanged(tx, callTarget, call.changed),
    insertFresh(tx, messageTarget, message.fresh),
    updateChanged(tx, messageTarget, message.changed),
    insertFresh(tx, voicemailTarget, voicemail.fresh),
    updateChanged(tx, voicemailTarget, voicemail.changed),
    insertTimeline(tx, timelineOf(calls.values())),
    insertOutbox(tx, since ? events.filter(({ occurred_at }) => occurred_at >= since) : events),
  ]);
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
