import { sql } from 'drizzle-orm/sql';
import { before, equals, since } from '#core/database/filters.ts';
import { listOf, type PageInput, type Read } from '#core/database/page.ts';
import { outbox } from '#db/schema/pipeline.ts';
import { inTheLog, loggedEventShape, logOf } from './event.ts';
import { type LogFilters, logTotal } from './log-total.ts';

/** A page of the caller's log. @param appId Whose key the caller shows, where it is an app's. */
export function logPage(input: PageInput & LogFilters, appId: string | undefined): Read {
  const { limit, offset, page, cursor, ...identity } = input;
  return listOf({
    shape: loggedEventShape,
    from: logOf(input.types, input.sortOrder),
    id: outbox.id,
    where: [
      ...inTheLog(),
      sql`${outbox.sequence} > ${input.after}`,
      equals(outbox.appId, appId), // as the policy has it: this is for the index
      equals(outbox.subjectId, input.subjectId),
      since(outbox.occurredAt, input.since),
      before(outbox.occurredAt, input.until),
    ],
    sort: { by: outbox.sequence, kind: 'integer' },
    identity: { list: 'events', ...identity },
    input,
    total: logTotal(input, appId),
  });
}
