import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/db.ts';
import { newId } from '#core/ids.ts';
import { sendSigned } from './attempt.ts';
import { type EventType, exampleOf } from './catalogue.ts';
import type { Claimed } from './claim.ts';
import { testType } from './webhook.ts';
import { demandWholeCompany, noSuchWebhook } from './webhook-access.ts';

/** What came of a test. */
export const Tested = z.object({
  deliveryId: z.uuid().describe('In the log of deliveries.'),
  ok: z.boolean().describe('It was answered with a 2xx.'),
  status: z.number().int().nullable().describe('HTTP; null where no answer came.'),
  durationMs: z.number().int(),
  answer: z.string().nullable().describe('Its first 4 KB.'),
  error: z.string().nullable(),
});

const testBody = (id: string, type: EventType | typeof testType, webhookId: string, now: Date): string =>
  JSON.stringify({
    id,
    type,
    sequence: 0,
    timestamp: now.toISOString(),
    data: type === testType ? { webhookId, message: 'This webhook works.' } : exampleOf(type).data,
  });

/**
 * Sends a webhook, on or off, something made up, once and now. Nothing is held open in the database meanwhile.
 * @throws AppError NOT_FOUND
 */
export async function testWebhook(
  ctx: Context,
  webhookId: string,
  type: EventType | typeof testType,
): Promise<z.infer<typeof Tested>> {
  demandWholeCompany(ctx.caller);
  const { companyId } = ctx;
  const [target] = await ctx.readAsService<Pick<Claimed, 'url' | 'secret' | 'previousSecret' | 'headers'>>(
    'read where a webhook of the caller’s company goes',
    sql`select url, secret, headers, case when rotation_ends_at > now() then previous_secret end as "previousSecret"
      from webhook_endpoints where id = ${webhookId}::uuid and company_id = ${companyId}::uuid`,
  );
  if (!target) throw noSuchWebhook();
  const eventId = newId();
  const body = testBody(eventId, type, webhookId, ctx.now());
  const sent = await sendSigned({ ...target, eventId, body }, ctx.now());
  const { status, durationMs, answer, error } = sent;
  const ok = error === null;
  const at = sql`${sent.at.toISOString()}::timestamptz`;
  const [stored] = await ctx.dbAsService('keep what came of a test', (tx) =>
    rowsOf<{ deliveryId: string }>(
      tx,
      sql`with made as (
          insert into webhook_deliveries
            (company_id, endpoint_id, event_id, type, body, status, attempts, created_at, next_attempt_at, finished_at)
          select company_id, id, ${eventId}::uuid, ${type}, ${body}, ${ok ? 'delivered' : 'failed'}, 1, ${at}, ${at}, now()
            from webhook_endpoints where id = ${webhookId}::uuid and company_id = ${companyId}::uuid
          returning id, company_id)
        insert into webhook_attempts
          (company_id, delivery_id, number, at, duration_ms, status, error, answer, signature)
        select company_id, id, 1, ${at}, ${durationMs}::int, ${status}::int, ${error}::text, ${answer}::text, ${sent.signature}
          from made
        returning delivery_id as "deliveryId"`,
    ),
  );
  if (!stored) throw noSuchWebhook(); // deleted meanwhile
  return { deliveryId: stored.deliveryId, ok, status, durationMs, answer, error };
}
