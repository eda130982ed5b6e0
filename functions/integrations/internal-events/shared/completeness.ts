import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { isoTime, shapeOf } from '#core/database/shape.ts';
import { completenessChecks } from '#db/schema/pipeline.ts';

export const Check = z
  .object({
    id: z.uuid(),
    company_id: z.uuid(),
    app_id: z.uuid().nullable(),
    provider: z.string(),
    period_from: z.iso.datetime(),
    period_to: z.iso.datetime(),
    listed: z.int32().describe('Calls in the provider’s list.'),
    missing: z.int32().describe('Listed there, absent here before the refill.'),
    unfinished: z.int32().describe('Here, but behind what is listed there.'),
    filled: z.int32(),
    failed: z.int32().describe('Could not be filled in; the next comparison tries again.'),
    missing_ids: z.array(z.string()).describe('The provider’s ids of the first hundred.'),
    error: z.string().nullable().describe('Why the list could not be had.'),
    at: z.iso.datetime(),
  })
  .meta({ id: 'CompletenessCheck' });

export const checkShape = shapeOf(Check, {
  id: completenessChecks.id,
  company_id: completenessChecks.companyId,
  app_id: completenessChecks.appId,
  provider: completenessChecks.provider,
  period_from: completenessChecks.periodFrom,
  period_to: completenessChecks.periodTo,
  listed: completenessChecks.listed,
  missing: completenessChecks.missing,
  unfinished: completenessChecks.unfinished,
  filled: completenessChecks.filled,
  failed: completenessChecks.failed,
  missing_ids: completenessChecks.missingIds,
  error: completenessChecks.error,
  at: completenessChecks.at,
});

/** Of all comparisons that the filters leave, not only those on the page. */
export const CheckSummary = z
  .object({
    checks: z.number().int(),
    listed: z.number().int(),
    missing: z.number().int(),
    unfinished: z.number().int(),
    filled: z.number().int(),
    failed: z.number().int(),
    checks_without_list: z.number().int().describe('Those for which the provider gave no list.'),
    is_complete: z
      .boolean()
      .nullable()
      .describe(
        'Whether the newest comparison of each account had a list and left nothing out; null: there is none.',
      ),
    period_from: z.iso.datetime().nullable(),
    period_to: z.iso.datetime().nullable(),
    last_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'CompletenessSummary' });

/** One row `item`, made of the rows that the conditions leave. */
export function summaryOf(conditions: readonly (SQL | undefined)[]): SQL {
  const where = conditions.filter((condition) => condition !== undefined);
  return sql`
    with found as (select * from ${completenessChecks} where ${sql.join([sql`true`, ...where], sql` and `)}),
    newest as (select distinct on (company_id, app_id, provider) error, failed from found
      order by company_id, app_id, provider, at desc)
    select row_to_json(r)::text as item from (
      select count(*) as checks, coalesce(sum(listed), 0) as listed, coalesce(sum(missing), 0) as missing,
        coalesce(sum(unfinished), 0) as unfinished, coalesce(sum(filled), 0) as filled, coalesce(sum(failed), 0) as failed,
        count(*) filter (where error is not null) as checks_without_list,
        (select bool_and(error is null and failed = 0) from newest) as is_complete,
        ${isoTime(sql`min(period_from)`)} as period_from, ${isoTime(sql`max(period_to)`)} as period_to,
        ${isoTime(sql`max(at)`)} as last_at
      from found) r`;
}
