import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { isoTime, shapeOf } from '#core/database/shape.ts';
import { inboundEvents } from '#db/schema/pipeline.ts';

/** What became of an event that came in. A database test holds the list against the check of `inbound_events.status`. */
export const eventStatuses = ['received', 'processed', 'failed', 'unmatched', 'unrecognised'] as const;
export const EventStatus = z.enum(eventStatuses).meta({ id: 'InboundEventStatus' });

/** A provider's event as a list shows it. What it said is left to GET /internal/events/:id. */
export const StoredEvent = z
  .object({
    id: z.uuid(),
    provider: z.string(),
    type: z.string(),
    status: EventStatus.describe(
      'received: waits. unmatched: belongs to nobody yet. unrecognised: signed, but not understood.',
    ),
    company_id: z.uuid().nullable(),
    app_id: z.uuid().nullable(),
    attempts: z.int32(),
    error: z.string().nullable().describe('Why the last attempt failed.'),
    next_attempt_at: z.iso.datetime().nullable().describe('Null where no attempt is due.'),
    occurred_at: z.iso.datetime().nullable().describe('As the provider says.'),
    received_at: z.iso.datetime(),
    processed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'InboundEvent' });

const fields = {
  id: inboundEvents.id,
  provider: inboundEvents.provider,
  type: inboundEvents.type,
  status: inboundEvents.status,
  company_id: inboundEvents.companyId,
  app_id: inboundEvents.appId,
  attempts: inboundEvents.attempts,
  error: inboundEvents.error,
  next_attempt_at: sql`case when ${inboundEvents.status} = 'received' then ${isoTime(inboundEvents.nextAttemptAt)} end`,
  occurred_at: inboundEvents.occurredAt,
  received_at: inboundEvents.receivedAt,
  processed_at: inboundEvents.processedAt,
};

export const eventShape = shapeOf(StoredEvent, fields);

export const EventDetail = StoredEvent.extend({
  dedupe_key: z.string().describe('A repeat of the event has the same, and is not stored again.'),
  owners: z
    .array(z.object({ kind: z.string(), externalId: z.string() }).meta({ id: 'OwnerCandidate' }))
    .describe('What links are looked for, the first one that there is wins.'),
  headers: z.record(z.string(), z.unknown()),
  payload: z.unknown().describe('To the letter, as it came.'),
}).meta({ id: 'InboundEventDetail' });

export const eventDetailShape = shapeOf(EventDetail, {
  ...fields,
  dedupe_key: inboundEvents.dedupeKey,
  owners: inboundEvents.owners,
  headers: inboundEvents.headers,
  payload: inboundEvents.payload,
});
