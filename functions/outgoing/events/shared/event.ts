import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { shapeOf } from '#core/database/shape.ts';
import { outbox } from '#db/schema/pipeline.ts';

/** An event in a company's log; the same that its webhooks are sent. */
export const LoggedEvent = z
  .object({
    id: z.uuid().describe('The same as `webhook-id` of its deliveries.'),
    sequence: z.number().int().describe('Its place in the company’s log: 1, 2, 3 … without a gap.'),
    type: z.string().describe('As `call.completed`: GET /api/webhooks/events has all of them.'),
    subjectId: z.uuid().describe('What it is about: the call, the message, …'),
    timestamp: z.iso.datetime().describe('When it happened.'),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

export const loggedEventShape = shapeOf(LoggedEvent, {
  id: outbox.id,
  sequence: outbox.sequence,
  type: outbox.type,
  subjectId: outbox.subjectId,
  timestamp: outbox.occurredAt,
  data: outbox.data,
});

const maxTypes = 30;

/** A filter by types: one, or several with commas between. */
export const typesInput = z
  .string()
  .max(2_000)
  .transform((text) => [...new Set(text.split(',').map((type) => type.trim()))].sort())
  .pipe(
    z
      .array(z.string().regex(/^[a-z][a-z_]*\.[a-z][a-z_]*$/, 'must be a type such as call.completed'))
      .max(maxTypes, `may name ${maxTypes} types at most`),
  )
  .describe('One type, or several with commas between: `call.completed,call.missed`.');

const columns = sql.raw(
  ['id', 'company_id', 'app_id', 'sequence', 'type', 'subject_id', 'data', 'occurred_at'].join(', '),
);

/**
 * The caller's log, to stand behind `from`. Several types are as many ordered walks along the index that become one: a
 * list of them in one condition would be read to its end and sorted.
 */
export function logOf(types: readonly string[] | undefined, sortOrder: 'asc' | 'desc' = 'asc'): SQL {
  const order = sql.raw(sortOrder);
  if (types === undefined) return sql`${outbox}`;
  const walks = types.map(
    (type) => sql`(select ${columns} from public.outbox
      where company_id = (select private.caller_company_id()) and type = ${type} and sequence is not null
      order by sequence ${order})`,
  );
  return sql`(${sql.join(walks, sql` union all `)}) as outbox`;
}

/** What of the log every reader wants: its own company's events that have their place. */
export const inTheLog = (): SQL[] => [callersCompany(outbox.companyId), sql`${outbox.sequence} is not null`];
