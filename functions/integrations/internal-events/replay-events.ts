import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, equals, since } from '#core/database/filters.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { timeInput } from '#core/http/input.ts';
import { inboundEvents } from '#db/schema/pipeline.ts';
import { replayEvents } from '../inbound/public.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/events/replay',
  summary: 'Process the inbound events of a status again',
  description:
    'As many as fit at once: when `more` is true, ask again, with received_after = last_received_at where the events keep their status.',
  who: ['internal'],
  input: z.object({
    status: z.enum(['failed', 'unmatched', 'unrecognised', 'processed']),
    provider: z.string().min(1).max(50).optional(),
    company_id: z.uuid().optional(),
    app_id: z.uuid().optional(),
    received_after: timeInput.optional(),
    received_before: timeInput.optional(),
    limit: z.number().int().min(1).max(1000).default(100),
  }),
  output: z
    .object({
      looked_at: z.int32(),
      replayed: z.int32(),
      left: z.int32().describe('Those that still belong to nobody, or still are not understood.'),
      last_received_at: z.iso.datetime().nullable(),
      more: z.boolean(),
    })
    .meta({ id: 'InboundEventReplay' }),
  status: 202,
  async handle({ ctx, input }) {
    const { found, replayed } = await ctx.dbAs('jobs', 'replay events of every company', async (tx) => {
      const conditions = [
        sql`${inboundEvents.status} = ${sql.raw(`'${input.status}'`)}`,
        equals(inboundEvents.provider, input.provider),
        equals(inboundEvents.companyId, input.company_id),
        equals(inboundEvents.appId, input.app_id),
        since(inboundEvents.receivedAt, input.received_after),
        before(inboundEvents.receivedAt, input.received_before),
      ].filter((condition) => condition !== undefined);
      const rows = await rowsOf<{ id: string; at: string }>(
        tx,
        sql`select id, to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
          from ${inboundEvents} where ${sql.join(conditions, sql` and `)}
          order by id limit ${input.limit + 1}::int for update skip locked`,
      );
      const taken = rows.slice(0, input.limit);
      const ids = taken.map(({ id }) => id);
      return { found: rows, replayed: ids.length > 0 ? await replayEvents(tx, ids) : 0 };
    });
    const lookedAt = Math.min(found.length, input.limit);
    return {
      looked_at: lookedAt,
      replayed,
      left: lookedAt - replayed,
      last_received_at: found[lookedAt - 1]?.at ?? null,
      more: found.length > input.limit,
    };
  },
});
