import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { newId } from '#core/database/ids.ts';
import { oneRow } from '#core/database/rows.ts';
import { skipConfirmation } from '#core/database/run-as.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { sendSigned } from './attempt.ts';
import { type EventType, exampleOf } from './catalogue.ts';
import { type Claimed, latest, leaseEnd, lockHosts, maxAtHost } from './claim.ts';
import { testType } from './webhook.ts';
import { noSuchWebhook, noWebhook, requireWholeCompany } from './webhook-access.ts';

/** What came of a test. */
export const Tested = z
  .object({
    deliveryId: z.uuid().describe('In the log of deliveries.'),
    ok: z.boolean().describe('It was answered with a 2xx.'),
    status: z.int32().nullable().describe('HTTP; null where no answer came.'),
    durationMs: z.int32(),
    answer: z.string().nullable().describe('Its first 4 KB.'),
    error: z.string().nullable(),
  })
  .meta({ id: 'WebhookTest' });

const testBody = (id: string, type: EventType | typeof testType, webhookId: string, now: Date): string =>
  JSON.stringify({
    id,
    type,
    sequence: 0,
    timestamp: now.toISOString(),
    data: type === testType ? { webhookId, message: 'This webhook works.' } : exampleOf(type).data,
  });

type Target = Pick<Claimed, 'url' | 'secret' | 'previousSecret' | 'headers'> & { deliveryId: string };

/**
 * Stores a test as begun, which takes one of the connections to its host.
 * @throws AppError NOT_FOUND; RATE_LIMITED when all of them are taken.
 */
async function beginTest(
  ctx: Context,
  test: { webhookId: string; eventId: string; type: string; body: string; at: Date },
): Promise<Target> {
  const { webhookId, eventId, type, body } = test;
  const at = sql`${test.at.toISOString()}::timestamptz`;
  return await ctx.db(async (tx) => {
    const isIt = sql`e.id = ${webhookId}::uuid`;
    const [, target] = await Promise.all([
      lockHosts(tx, [webhookId]),
      rowsOf<Target>(
        tx,
        sql`insert into webhook_deliveries
            (company_id, endpoint_id, event_id, type, body, status, attempts, created_at, next_attempt_at, leased_until)
          select e.company_id, e.id, ${eventId}::uuid, ${type}, ${body}, 'failed', 1, ${at}, ${at}, ${leaseEnd(test.at)}
            from webhook_endpoints e
           where ${isIt} and ${maxAtHost}::int > (
             select count(*) from webhook_endpoints o join webhook_deliveries f on f.endpoint_id = o.id
              where o.company_id = e.company_id and o.host = e.host and f.leased_until > ${latest(test.at)})
             for key share of e
          returning id as "deliveryId"`,
      ),
    ]);
    const found = await oneRow<Omit<Target, 'deliveryId'>>(
      tx,
      sql`select e.url, s.secret, s.headers, case when e.rotation_ends_at > now() then s.previous_secret end as "previousSecret"
        from webhook_endpoints e cross join private.webhook_ciphertexts(e.id) s where ${isIt}`,
      noWebhook,
    );
    const [begun] = target;
    if (!begun) {
      throw new AppError('RATE_LIMITED', {
        message: `${maxAtHost} requests to this host are under way, which is as many as may be: try again in a moment.`,
        headers: { 'retry-after': '15' },
      });
    }
    audit(tx, ctx, {
      companyId: ctx.companyId,
      action: 'webhook.tested',
      resource: { type: 'webhook', id: webhookId },
      after: { type },
    });
    return { ...found, ...begun };
  });
}

/**
 * Sends a webhook, on or off, something made up, once and now. Nothing is held open in the database meanwhile.
 * @throws AppError NOT_FOUND, RATE_LIMITED
 */
export async function testWebhook(
  ctx: Context,
  webhookId: string,
  type: EventType | typeof testType,
): Promise<z.infer<typeof Tested>> {
  requireWholeCompany(ctx.caller);
  const { companyId } = ctx;
  const eventId = newId();
  const at = ctx.now();
  const body = testBody(eventId, type, webhookId, at);
  const { deliveryId, ...target } = await beginTest(ctx, { webhookId, eventId, type, body, at });
  const sent = await sendSigned({ ...target, companyId, endpointId: webhookId, eventId, body }, at);
  const { status, durationMs, answer, error } = sent;
  const ok = error === null;
  // It was sent, by a caller who might: what came of it is kept, even where the caller has been put out meanwhile.
  const [stored] = await ctx.dbAs('pipeline', 'keep what came of the test of a webhook', (tx) => {
    skipConfirmation(tx);
    return rowsOf(
      tx,
      sql`with done as (
          update webhook_deliveries set status = ${ok ? 'delivered' : 'failed'}, leased_until = null, finished_at = now()
           where id = ${deliveryId}::uuid and company_id = ${companyId}::uuid returning id, company_id)
        insert into webhook_attempts
          (company_id, delivery_id, number, at, duration_ms, status, error, answer, signature)
        select company_id, id, 1, ${at.toISOString()}::timestamptz, ${durationMs}::int, ${status}::int, ${error}::text,
            ${answer}::text, ${sent.signature}
          from done
        returning 1`,
    );
  });
  if (!stored) throw noSuchWebhook(); // deleted meanwhile
  return { deliveryId, ok, status, durationMs, answer, error };
}
