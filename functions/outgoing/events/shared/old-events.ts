import { type SQL, sql } from 'drizzle-orm/sql';
import { chunkRows } from '#core/work/delete-in-chunks.ts';

const isOld = sql`dispatched_at < now() - interval '30 days'`;
/** Ids begin with the time at which they were made. */
const oldId = sql`rpad(lpad(to_hex((extract(epoch from now() - interval '30 days') * 1000)::bigint), 12, '0'), 32, '0')::uuid`;

const deliveriesAt = (places: SQL): SQL =>
  sql`delete from webhook_deliveries where ctid = any(array(${places} limit ${chunkRows}::int for update of d skip locked)) returning 1`;

/** The log of deliveries, tests among them, whose attempts go along. */
export const oldDeliveries = deliveriesAt(
  sql`select d.ctid from webhook_endpoints e join webhook_deliveries d on d.endpoint_id = e.id and d.id < ${oldId}`,
);

/** Of the events that `oldEvents` deletes next, what a replay has sent later on. */
export const deliveriesOfOldEvents = deliveriesAt(
  sql`select d.ctid from (select id, company_id from outbox where ${isOld} order by dispatched_at, id limit ${chunkRows}::int) o
    join webhook_endpoints e on e.company_id = o.company_id
    join webhook_deliveries d on d.endpoint_id = e.id and d.event_id = o.id`,
);

/** In the order of the logs, so that what is left of one has no gaps. */
export const oldEvents = sql`delete from outbox where ctid = any(array(
  select ctid from outbox where ${isOld} order by dispatched_at, id limit ${chunkRows}::int)) returning 1`;
