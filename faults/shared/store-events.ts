import type { Sql } from 'postgres';
import { v7 as uuidv7 } from 'uuid';
import { providers } from '#providers/registry.ts';

export interface EventToStore {
  provider: string;
  companyId: string;
  payload: string;
}

const atOnce = 5_000;

/** Stores events as if they had been received, in this order, and gives their ids. */
export async function storeEvents(sql: Sql, events: readonly EventToStore[]): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < events.length; from += atOnce) {
    const rows = events.slice(from, from + atOnce).map(({ provider, companyId, payload }) => {
      const identity = providers.get(provider)?.identify(JSON.parse(payload), payload);
      return {
        id: uuidv7(),
        provider,
        company_id: companyId,
        dedupe_key: `${companyId}:${identity?.dedupeKey}`,
        type: identity?.type ?? 'unknown',
        payload,
      };
    });
    await sql`insert into inbound_events (id, provider, company_id, dedupe_key, type, payload, status)
      select id, provider, company_id, dedupe_key, type, payload::json, 'received'
      from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r (id uuid, provider text, company_id uuid,
        dedupe_key text, type text, payload text)`;
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}

/** `select count(*)` of a company's events by status. */
export async function statusCounts(sql: Sql, companyId: string): Promise<Record<string, number>> {
  const rows = await sql<{ status: string; n: number }[]>`
    select status, count(*)::int as n from inbound_events where company_id = ${companyId} group by status`;
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
}
