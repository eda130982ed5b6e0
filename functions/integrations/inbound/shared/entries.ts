import { sql } from 'drizzle-orm/sql';
import { newId } from '#core/database/ids.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import type { Update } from '#telephony/model/updates.ts';
import { type Merged, merge, sameValues } from './merge.ts';
import { mergedOf, type StoredRow, storedOf, valuesOf } from './rows.ts';
import type { Target } from './targets.ts';

/** An update and whose it is. */
export interface OwnedUpdate {
  companyId: string;
  appId: string | null;
  provider: string;
  /** The stored event that it comes from; null for a sync. */
  eventId: string | null;
  /** The event was processed before: what it left in the timeline then is not left again. */
  isReplay?: boolean;
  update: Update;
}

/** A row that updates are about: as it was, and as they make it. */
export interface Entry {
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

/** By company, provider and the provider's id. */
export type Entries = Map<string, Entry>;

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
export function entriesOf(owned: readonly OwnedUpdate[], kind: Target['kind']): Entries {
  const entries: Entries = new Map();
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
export async function load(tx: Tx, target: Target, entries: Entries): Promise<void> {
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
export function mergeAll(target: Target, entries: Entries): { fresh: Entry[]; changed: Entry[] } {
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
      entry.id = newId();
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
