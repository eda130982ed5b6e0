import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { oneRow } from '#core/database/rows.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { timeInput } from '#core/http/input.ts';
import { audit } from '#core/security/audit.ts';
import { wake } from '#core/work/queue.ts';
import { noWebhook, requireWholeCompany } from './webhook-access.ts';
import { letThrough, requireOn } from './webhook-deliveries.ts';

const furthestDays = 30;
/** Deliveries of one request: what is done within the time that a statement has. */
const maxAtOnce = 100_000;

export const replayInput = z.object({
  id: z.uuid(),
  since: timeInput.describe(`Events that were told then or later; at most ${furthestDays} days back.`),
  until: timeInput.optional().describe('Events that were told before then. Default: now.'),
  only: z
    .enum(['all', 'failed'])
    .default('all')
    .describe('`failed`: only what this webhook was sent, and failed for good.'),
});
type ReplayInput = z.output<typeof replayInput>;

/** @throws AppError VALIDATION_FAILED */
function requirePeriod({ since, until }: ReplayInput, now: Date): void {
  const refuse = (path: string, message: string) => invalidField(path, message);
  const from = Date.parse(since);
  if (from < now.getTime() - furthestDays * 86_400_000)
    throw refuse('since', `must lie at most ${furthestDays} days back`);
  if (from > now.getTime()) throw refuse('since', 'must lie in the past');
  if (until !== undefined && Date.parse(until) <= from) throw refuse('until', 'must lie after since');
}

/**
 * Sends a webhook again what its company's events of a period were: each has a new delivery, or its old one is due once
 * more; they are due in the order of the log. What waits anyhow stays as it is.
 * @throws AppError NOT_FOUND, CONFLICT (it is off, or these are too many), VALIDATION_FAILED
 */
export async function replayEvents(ctx: Context, input: ReplayInput): Promise<{ deliveries: number }> {
  requireWholeCompany(ctx.caller);
  requirePeriod(input, ctx.now());
  const { companyId } = ctx;
  const { id, since, only, until = null } = input;
  const renewed = only === 'all' ? sql`in ('delivered', 'failed')` : sql`= 'failed'`;
  return await ctx.db(async (tx) => {
    const webhook = await oneRow<{ isActive: boolean }>(
      tx,
      sql`select is_active as "isActive" from webhook_endpoints where id = ${id}::uuid for key share`,
      noWebhook,
    );
    requireOn(webhook.isActive);
    const [made] = await rowsOf<{ n: number }>(
      tx,
      sql`with made as (
          insert into webhook_deliveries as d (company_id, endpoint_id, event_id, type, next_attempt_at)
          select company_id, endpoint_id, event_id, type,
              now() - (count(*) over () - row_number() over (order by sequence)) * interval '1 microsecond'
            from (select o.company_id, e.id as endpoint_id, o.id as event_id, o.type, o.sequence
              from webhook_endpoints e
              join outbox o on o.company_id = e.company_id and e.events && array[o.type, '*']
              left join webhook_deliveries old on old.endpoint_id = e.id and old.event_id = o.id
             where e.id = ${id}::uuid and e.company_id = ${companyId}::uuid and o.sequence is not null
               and o.dispatched_at >= ${since}::timestamptz and o.dispatched_at < coalesce(${until}::timestamptz, 'infinity')
               and (old.status ${renewed} ${only === 'all' ? sql`or old.id is null` : sql``})
             order by o.sequence limit ${maxAtOnce + 1}::int) meant
           order by sequence
          on conflict (endpoint_id, event_id) do update
            set status = 'waiting', round = d.attempts, next_attempt_at = excluded.next_attempt_at,
              leased_until = null, finished_at = null
            where d.status ${renewed}
          returning 1)
        select count(*)::int as n from made`,
    );
    const n = made?.n ?? 0;
    if (n > maxAtOnce) {
      throw new AppError('CONFLICT', {
        message: `These are more than ${maxAtOnce} events: name an earlier \`until\`, and replay the rest after that.`,
      });
    }
    if (n > 0) {
      await letThrough(tx, id);
      wake('deliveries', [id], { after: tx });
    }
    audit(tx, ctx, {
      companyId,
      action: 'webhook.replayed',
      resource: { type: 'webhook', id },
      after: { since, until, only, deliveries: n },
    });
    return { deliveries: n };
  });
}
