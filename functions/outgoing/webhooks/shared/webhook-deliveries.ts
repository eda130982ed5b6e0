import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Caller } from '#core/callers/caller.ts';
import type { Context } from '#core/context.ts';
import { before, callersCompany, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput, type Read } from '#core/database/page.ts';
import { oneRow } from '#core/database/rows.ts';
import { asJson, isoTime, shapeOf } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { timeInput } from '#core/http/input.ts';
import { audit } from '#core/security/audit.ts';
import { wake } from '#core/work/queue.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { webhookDeliveries } from '#db/schema/webhooks.ts';
import { eventTypes } from './catalogue.ts';
import { testType } from './webhook.ts';
import { noSuchWebhook, ofWholeCompany, oneWebhook, requireWholeCompany } from './webhook-access.ts';

/** What became of a delivery. A database test holds it against the check of `webhook_deliveries.status`. */
export const deliveryStatuses = ['waiting', 'delivered', 'failed'] as const;
const DeliveryStatus = z.enum(deliveryStatuses).meta({ id: 'WebhookDeliveryStatus' });
const Count = z.int32();

/** A delivery as a list shows it. */
export const Delivery = z
  .object({
    id: z.uuid(),
    webhookId: z.uuid(),
    eventId: z.uuid().describe('The receiver’s webhook-id.'),
    type: z.string(),
    sequence: z.number().int().nullable().describe('The event’s place in the log of events; null of a test.'),
    status: DeliveryStatus,
    isRunning: z.boolean().describe('An attempt is under way.'),
    attempts: Count.describe('How many were begun.'),
    nextAttemptAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    lastStatus: Count.nullable().describe('HTTP, of the last attempt; null where no answer came.'),
    lastError: z.string().nullable().describe('Why the last attempt failed.'),
    lastDurationMs: Count.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

const Attempt = z
  .object({
    number: Count,
    at: z.iso.datetime(),
    durationMs: Count,
    status: Count.nullable().describe('HTTP; null where no answer came.'),
    error: z.string().nullable(),
    answer: z.string().nullable().describe('Its first 4 KB.'),
    signature: z.string().describe('The header webhook-signature.'),
  })
  .meta({ id: 'WebhookAttempt' });

export const DeliveryWithLog = Delivery.extend({
  body: z
    .string()
    .nullable()
    .describe('What is sent and signed, byte for byte; null where the event is not kept any more.'),
  log: z.array(Attempt).describe('Every attempt, the first one first.'),
}).meta({ id: 'WebhookDeliveryDetail' });

const isRunning = sql`coalesce(${webhookDeliveries.leasedUntil} > now(), false)`;
const ofLastAttempt = (column: string) => sql`(select a.${sql.identifier(column)} from webhook_attempts a
  where a.delivery_id = ${webhookDeliveries.id} order by a.number desc limit 1)`;

const deliveryFields = {
  id: webhookDeliveries.id,
  webhookId: webhookDeliveries.endpointId,
  eventId: webhookDeliveries.eventId,
  type: webhookDeliveries.type,
  sequence: sql`(select o.sequence from outbox o
    where o.id = ${webhookDeliveries.eventId} and o.company_id = ${webhookDeliveries.companyId})`,
  status: webhookDeliveries.status,
  isRunning,
  attempts: webhookDeliveries.attempts,
  nextAttemptAt: sql`case when ${webhookDeliveries.status} = 'waiting' and not ${isRunning}
    then ${isoTime(webhookDeliveries.nextAttemptAt)} end`,
  createdAt: webhookDeliveries.createdAt,
  finishedAt: webhookDeliveries.finishedAt,
  lastStatus: ofLastAttempt('status'),
  lastError: ofLastAttempt('error'),
  lastDurationMs: ofLastAttempt('duration_ms'),
};
const deliveryShape = shapeOf(Delivery, deliveryFields);

const deliveryWithLogShape = shapeOf(DeliveryWithLog, {
  ...deliveryFields,
  body: sql`coalesce(${webhookDeliveries.body}, (select private.event_body(o) from outbox o
    where o.id = ${webhookDeliveries.eventId} and o.company_id = ${webhookDeliveries.companyId}))`,
  log: sql`(select coalesce(json_agg(json_build_object('number', a.number, 'at', ${isoTime(sql`a.at`)},
      'durationMs', a.duration_ms, 'status', a.status, 'error', a.error, 'answer', a.answer, 'signature', a.signature)
      order by a.number, a.id), '[]') from webhook_attempts a where a.delivery_id = ${webhookDeliveries.id})`,
});

export const deliveriesInput = pageInput.extend({
  id: z.uuid(),
  status: DeliveryStatus.optional().describe('Only deliveries of this status.'),
  type: z
    .enum([...eventTypes, testType])
    .optional()
    .describe('Only deliveries of this type of event.'),
  since: timeInput.optional().describe('Made then or later.'),
  until: timeInput.optional().describe('Made before then.'),
});

/** The deliveries of a webhook, or 404 where the caller's company has none with this id. */
export function deliveryList(caller: Caller, input: z.output<typeof deliveriesInput>): Read {
  const { limit, offset, page, cursor, ...identity } = input;
  const list = listOf({
    shape: deliveryShape,
    from: sql`${webhookDeliveries}`,
    id: webhookDeliveries.id,
    where: [
      callersCompany(webhookDeliveries.companyId),
      sql`${webhookDeliveries.endpointId} = ${input.id}::uuid`,
      equals(webhookDeliveries.status, input.status),
      equals(webhookDeliveries.type, input.type),
      since(webhookDeliveries.createdAt, input.since),
      before(webhookDeliveries.createdAt, input.until),
    ],
    sort: { by: webhookDeliveries.id, kind: 'id' },
    identity: { list: 'deliveries', ...identity },
    input,
  });
  const isThere = sql`select 1 from ${webhookEndpoints} where ${webhookEndpoints.id} = ${input.id}::uuid
    and ${callersCompany(webhookEndpoints.companyId)}`;
  return ofWholeCompany(caller, {
    statements: [...list.statements, isThere],
    reply(results) {
      if (results.at(-1)?.length !== 1) throw noSuchWebhook();
      return list.reply(results.slice(0, -1));
    },
  });
}

const noDelivery = 'The company has no delivery with this id.';
const noSuchDelivery = () => new AppError('NOT_FOUND', { message: noDelivery });

/** Which delivery is meant: of this webhook, where the caller names one. */
export interface DeliveryNamed {
  deliveryId: string;
  webhookId?: string | undefined;
}

const isDelivery = ({ deliveryId, webhookId }: DeliveryNamed): SQL => sql`
  ${webhookDeliveries.id} = ${deliveryId}::uuid
  ${webhookId === undefined ? sql`` : sql`and ${webhookDeliveries.endpointId} = ${webhookId}::uuid`}`;

/** A delivery with what was sent, and what came of it, or 404. */
export const oneDelivery = (caller: Caller, named: DeliveryNamed): Read =>
  oneWebhook(
    caller,
    sql`select ${asJson(deliveryWithLogShape)} as item from ${webhookDeliveries}
      where ${isDelivery(named)} and ${callersCompany(webhookDeliveries.companyId)}`,
    noSuchDelivery,
  );

/** @throws AppError CONFLICT */
export function requireOn(isActive: boolean): void {
  if (isActive) return;
  throw new AppError('CONFLICT', {
    message: 'This webhook is switched off: switch it on first, with PUT /api/webhooks/:id.',
  });
}

/**
 * What a person asks for is not held up by how the last attempts went: one of them is let through at once. Not where
 * somebody stores what came of others right now: who does locks deliveries and webhook in another order.
 */
export const letThrough = (tx: Tx, webhookId: string): Promise<unknown> =>
  rowsOf(
    tx,
    sql`update webhook_endpoints set paused_until = null where id = (
      select id from webhook_endpoints where id = ${webhookId}::uuid and paused_until is not null
        for no key update skip locked)`,
  );

/** Makes a delivery due again, with all its attempts before it. @throws AppError NOT_FOUND, CONFLICT */
export async function retryDelivery(ctx: Context, named: DeliveryNamed): Promise<z.infer<typeof Delivery>> {
  requireWholeCompany(ctx.caller);
  const { companyId } = ctx;
  return await ctx.db(async (tx) => {
    const found = await oneRow<{
      webhookId: string;
      isActive: boolean;
      isRunning: boolean;
      isKept: boolean;
      status: string;
    }>(
      tx,
      sql`select ${webhookDeliveries.endpointId} as "webhookId", e.is_active as "isActive", ${isRunning} as "isRunning",
          ${webhookDeliveries.status},
          ${webhookDeliveries.body} is not null
            or exists (select from outbox o
              where o.id = ${webhookDeliveries.eventId} and o.company_id = ${webhookDeliveries.companyId}) as "isKept"
        from ${webhookDeliveries} join webhook_endpoints e on e.id = ${webhookDeliveries.endpointId}
        where ${isDelivery(named)} for no key update of webhook_deliveries`,
      noDelivery,
    );
    requireOn(found.isActive);
    if (found.isRunning) {
      throw new AppError('CONFLICT', {
        message: 'An attempt of this delivery is under way: wait for its end.',
      });
    }
    if (!found.isKept) throw new AppError('CONFLICT', { message: 'Its event is not kept any more.' });
    const [row] = await rowsOf<{ item: string }>(
      tx,
      sql`update ${webhookDeliveries} set status = 'waiting', round = attempts, next_attempt_at = now(),
          leased_until = null, finished_at = null
        where ${isDelivery(named)} returning ${asJson(deliveryShape)} as item`,
    );
    await letThrough(tx, found.webhookId);
    wake('deliveries', [found.webhookId], { after: tx });
    audit(tx, ctx, {
      companyId,
      action: 'webhook.delivery_retried',
      resource: { type: 'webhook', id: found.webhookId },
      before: { status: found.status },
      after: { deliveryId: named.deliveryId },
    });
    return Delivery.parse(JSON.parse(row?.item ?? ''));
  });
}
