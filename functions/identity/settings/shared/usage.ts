import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { liveKeys } from './api-keys.ts';
import { Quotas } from './sections.ts';

const metrics = ['calls', 'messages', 'voicemails', 'users', 'apiKeys', 'webhooks'] as const;
type Metric = (typeof metrics)[number];

const Count = z.number().int();
const MetricUsage = z
  .object({
    used: Count,
    limit: z.int32().nullable().describe('Null: unlimited.'),
    remaining: z.int32().nullable(),
    percentUsed: z.number().nullable().describe('To one decimal; past 100 where the limit came later.'),
  })
  .meta({ id: 'MetricUsage' });
type MetricUsage = z.infer<typeof MetricUsage>;

export const Usage = z
  .object({
    period: z
      .object({
        from: z.iso.datetime(),
        to: z.iso.datetime().describe('Not included.'),
        timezone: z.string(),
      })
      .meta({ id: 'UsagePeriod' }),
    month: z
      .object({ calls: MetricUsage, messages: MetricUsage, voicemails: MetricUsage })
      .meta({ id: 'UsageOfMonth' }),
    now: z
      .object({
        users: MetricUsage.describe('Active members.'),
        apiKeys: MetricUsage.describe('People’s and programs’ that work now.'),
        webhooks: MetricUsage,
      })
      .meta({ id: 'UsageNow' }),
  })
  .meta({ id: 'Usage' });

type Counts = Record<Metric, number> & { from: string; to: string; timezone: string; quotas: unknown };

const Quota = z.object({ ...Quotas.shape }).partial();

/** What there is now of what is not counted by the month. */
const counts = {
  users: (companyId: string) => sql`select count(*)::int from memberships m join users u on u.id = m.user_id
    where m.company_id = ${companyId}::uuid and m.is_active and u.is_active`,
  apiKeys: (companyId: string) =>
    sql`select count(*)::int from api_keys where company_id = ${companyId}::uuid and ${liveKeys}`,
  webhooks: (companyId: string) =>
    sql`select count(*)::int from webhook_endpoints where company_id = ${companyId}::uuid`,
};

/**
 * Counts what a company uses now and in this calendar month of its own time zone. Runs in a transaction of the service,
 * since not everybody sees all of it.
 */
export async function readUsage(tx: Tx, companyId: string): Promise<z.infer<typeof Usage>> {
  const id = sql`${companyId}::uuid`;
  const [row] = await rowsOf<Omit<Counts, 'quotas'> & { quotas: string }>(
    tx,
    sql`with month as (
        select c.timezone, private.day_start(date_trunc('month', now() at time zone c.timezone)::date, c.timezone) as start,
          private.day_start((date_trunc('month', now() at time zone c.timezone) + interval '1 month')::date, c.timezone) as stop
        from companies c where c.id = ${id})
      select timezone, ${isoTime(sql`start`)} as "from", ${isoTime(sql`stop`)} as "to",
        (select count(*)::float8 from calls where company_id = ${id} and started_at >= start and started_at < stop) as calls,
        (select count(*)::float8 from messages where company_id = ${id} and sent_at >= start and sent_at < stop) as messages,
        (select count(*)::float8 from voicemails
          where company_id = ${id} and received_at >= start and received_at < stop) as voicemails,
        (${counts.users(companyId)}) as users, (${counts.apiKeys(companyId)}) as "apiKeys",
        (${counts.webhooks(companyId)}) as webhooks,
        coalesce((select s.quotas from company_settings s where s.company_id = ${id}), '{}')::text as quotas
      from month`,
  );
  if (!row) throw new Error('The company of the caller is gone.'); // entering has just seen it
  const quotas = Quota.parse(JSON.parse(row.quotas));
  const usage = (name: Metric): MetricUsage => usageOf(row[name], quotas[name] ?? null);
  return {
    period: { from: row.from, to: row.to, timezone: row.timezone },
    month: { calls: usage('calls'), messages: usage('messages'), voicemails: usage('voicemails') },
    now: { users: usage('users'), apiKeys: usage('apiKeys'), webhooks: usage('webhooks') },
  };
}

function usageOf(used: number, limit: number | null): MetricUsage {
  if (limit === null) return { used, limit, remaining: null, percentUsed: null };
  const percentUsed = limit === 0 ? 100 : Math.round((used / limit) * 1000) / 10;
  return { used, limit, remaining: Math.max(0, limit - used), percentUsed };
}

/**
 * How many the quota of a company allows, null: any number, and how many there are. In a transaction of a person or key
 * (`ctx.db`), of the company that they act in.
 */
export async function standingOf(
  tx: Tx,
  companyId: string,
  what: keyof typeof counts,
): Promise<{ most: number | null; used: number }> {
  const used = tx.isMember ? sql`private.count_of_company(${what}::text)` : counts[what](companyId);
  const [row] = await rowsOf<{ most: number | null; used: number }>(
    tx,
    sql`select (select (quotas ->> ${what}::text)::int from company_settings where company_id = ${companyId}::uuid) as most,
      (${used}) as used`,
  );
  if (!row) throw new Error('A count gave no row.');
  return row;
}

/** Of a company, with or without a quota. */
export const maxWebhooks = 500;

const names = { apiKeys: 'API keys', webhooks: 'webhooks' };

/**
 * For a handler that is about to add one; the company's settings must be locked, or two at once would both find room.
 * @throws AppError CONFLICT when the company has as many as its quota allows.
 */
export async function requireRoom(tx: Tx, companyId: string, what: keyof typeof names): Promise<void> {
  const { most, used } = await standingOf(tx, companyId, what);
  if (most === null || used < most) return;
  throw new AppError('CONFLICT', {
    message: `The quota of this company allows ${most} ${names[what]}, and it has ${used}: delete one first, or ask for a higher quota.`,
  });
}
