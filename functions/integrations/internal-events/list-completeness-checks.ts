import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { equals } from '#core/database/filters.ts';
import { listOf, Pagination, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { timeInput } from '#core/http/input.ts';
import { completenessChecks } from '#db/schema/pipeline.ts';
import { ofApp, ofCompany } from '../apps/public.ts';
import { Check, CheckSummary, checkShape, summaryOf } from './shared/completeness.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/completeness',
  summary: 'List the comparisons of providers’ lists with our calls, newest first',
  description:
    'Every ten minutes each account’s calls of the last hours are asked for; what is missing or behind here is filled in. Periods overlap, so that `listed` counts a call several times; `missing` counts it once, when it was found.',
  who: ['internal'],
  input: pageInput.extend({
    app_id: z.uuid().optional().describe('With those of its company as a whole, which hold its calls too.'),
    company_id: z.uuid().optional().describe('Only comparisons of this company.'),
    provider: z
      .string()
      .min(1)
      .max(50)
      .optional()
      .describe(
        'Only comparisons of this provider: `dialpad`, `retell`, `twilio`, `webrtc`, `manual` or `incoming`.',
      ),
    from: timeInput.optional().describe('Only comparisons of a period that reaches past this.'),
    to: timeInput.optional().describe('Only comparisons of a period that began before this.'),
  }),
  output: z
    .strictObject({
      success: z.literal(true),
      data: z.array(Check),
      pagination: Pagination,
      summary: CheckSummary,
    })
    .meta({ id: 'CompletenessCheckPage' }),
  envelope: 'none',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const where = [
      input.app_id === undefined
        ? undefined
        : sql`${completenessChecks.companyId} = (select a.company_id from apps a where a.id = ${input.app_id}::uuid)
            and (${completenessChecks.appId} = ${input.app_id}::uuid or ${completenessChecks.appId} is null)`,
      equals(completenessChecks.companyId, input.company_id),
      equals(completenessChecks.provider, input.provider),
      input.from === undefined ? undefined : sql`${completenessChecks.periodTo} > ${input.from}::timestamptz`,
      input.to === undefined ? undefined : sql`${completenessChecks.periodFrom} < ${input.to}::timestamptz`,
    ];
    const list = listOf({
      shape: checkShape,
      from: sql`${completenessChecks}`,
      id: completenessChecks.id,
      where,
      sort: { by: completenessChecks.at, kind: 'time' },
      identity: { list: 'completeness', ...identity },
      input,
    });
    const read = {
      statements: [...list.statements, summaryOf(where)],
      reply(results: Record<string, unknown>[][]) {
        const reply = list.reply(results);
        const summary = String(results[list.statements.length]?.[0]?.item);
        return { ...reply, body: `${reply.body.slice(0, -1)},"summary":${summary}}` };
      },
    };
    return ofCompany(input.company_id, ofApp(input.app_id, read));
  },
});
