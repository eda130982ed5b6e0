import { type SQL, sql } from 'drizzle-orm/sql';
import { newId } from '#core/database/ids.ts';
import { atCommit, rowsOf, type Tx } from '#core/database/transaction.ts';
import type { CallUpdate } from '#telephony/model/updates.ts';
import type { OutboxEvent } from './announce.ts';
import type { Entry } from './entries.ts';
import type { Target } from './targets.ts';

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

/** The agent of a call's company that its provider names, looked up in the statement that writes the call. */
const agentOf = (owner: SQL): SQL =>
  sql`(select a.id from agents a where a.company_id = ${owner}.company_id and a.provider = ${owner}.provider
    and a.provider_agent_id = r.provider_agent_id)`;

/** Columns that are told, or found out before: of a voicemail, its call. */
const extraColumns = (target: Target): string[] => (target.kind === 'voicemail' ? ['call_id'] : []);

const writtenColumns = (target: Target): string[] => [
  ...extraColumns(target),
  ...target.columns.filter(({ column }) => column !== target.key).map(({ column }) => column),
  'state_rank',
  'state_at',
  'field_clocks',
];

/** What a statement that writes rows gives back of each. */
interface Written {
  id: string;
  agent_id?: string | null;
}

/** Notes the agents that the database has found. */
function noteAgents(entries: readonly Entry[], rows: readonly Written[]): void {
  const written = new Map(rows.map((row) => [row.id, row]));
  for (const { id, row } of entries) {
    const found = written.get(id);
    if (found?.agent_id !== undefined) row.agent_id = found.agent_id;
  }
}

/** Inserts new rows. @returns how many were inserted: another worker may have been first with the rest. */
export async function insertFresh(tx: Tx, target: Target, fresh: readonly Entry[]): Promise<number> {
  if (fresh.length === 0) return 0;
  const list = sql.raw(
    ['id', 'company_id', 'app_id', 'provider', target.key, ...writtenColumns(target)].join(', '),
  );
  const records = fresh.map((entry) => ({
    ...entry.row,
    id: entry.id,
    company_id: entry.companyId,
    app_id: entry.appId,
    provider: entry.provider,
  }));
  const [also, found] =
    target.kind === 'call' ? [sql`, agent_id`, sql`, ${agentOf(sql`r`)}`] : [sql``, sql``];
  const inserted = await rowsOf<Written>(
    tx,
    sql`insert into ${sql.identifier(target.table)} (${list}${also})
      select ${list}${found} from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r (${recordOf(target)})
      on conflict do nothing returning id${also}`,
  );
  noteAgents(fresh, inserted);
  return inserted.length;
}

/** Writes the rows that were there and changed. */
export async function updateChanged(tx: Tx, target: Target, changed: Entry[]): Promise<void> {
  if (changed.length === 0) return;
  const records = changed.map((entry) => ({ ...entry.row, id: entry.id }));
  const set = writtenColumns(target).map((name) => sql.raw(`${name} = r.${name}`));
  const isCall = target.kind === 'call';
  if (isCall) set.push(sql`agent_id = ${agentOf(sql`t`)}`);
  const updated = await rowsOf<Written>(
    tx,
    sql`update ${sql.identifier(target.table)} t set ${sql.join(set, sql`, `)}, updated_at = now()
      from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r (${recordOf(target)}) where t.id = r.id
      returning t.id${isCall ? sql`, t.agent_id` : sql``}`,
  );
  noteAgents(changed, updated);
}

/** The lines that the updates of calls leave in their timelines. */
function timelineOf(calls: Iterable<Entry>, kind: 'first' | 'replay'): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  for (const entry of calls) {
    for (const { update, eventId, isReplay = false } of entry.updates) {
      if (isReplay !== (kind === 'replay')) continue;
      const { timeline, clock } = update as CallUpdate; // only calls are given
      if (!timeline) continue;
      lines.push({
        id: newId(),
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

const insertLines = (tx: Tx, lines: readonly Record<string, unknown>[], unless: SQL) =>
  atCommit(
    tx,
    sql`insert into call_events (id, company_id, app_id, call_id, inbound_event_id, type, leg_id, data, occurred_at)
    select * from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as r (id uuid, company_id uuid, app_id uuid,
      call_id uuid, inbound_event_id uuid, type text, leg_id text, data jsonb, occurred_at timestamptz)
    where not (${unless})`,
  );

/**
 * Adds the lines of the calls' updates to their timelines, with the commit; an event that is replayed leaves none that it left
 * before.
 */
export function insertTimeline(tx: Tx, calls: readonly Entry[]): void {
  const lines = timelineOf(calls, 'first');
  if (lines.length > 0) insertLines(tx, lines, sql`false`);
  const replayed = timelineOf(calls, 'replay');
  if (replayed.length > 0) {
    const wasLeft = sql`exists (select from call_events e where e.call_id = r.call_id and e.inbound_event_id = r.inbound_event_id)`;
    insertLines(tx, replayed, wasLeft);
  }
}

/** Adds what is to be told, with the commit; what was told already is not told again. */
export function insertOutbox(tx: Tx, events: OutboxEvent[]): void {
  if (events.length === 0) return;
  const rows = events.map((event) => ({ ...event, id: newId() }));
  atCommit(
    tx,
    sql`insert into outbox (id, company_id, app_id, type, subject_id, dedupe_key, data, occurred_at)
    select id, company_id, app_id, type, subject_id, dedupe_key, data, occurred_at
    from json_to_recordset(${JSON.stringify(rows)}::json) as r (id uuid, company_id uuid, app_id uuid, type text,
      subject_id uuid, dedupe_key text, data json, occurred_at timestamptz)
    on conflict (company_id, dedupe_key) do nothing`,
  );
}
