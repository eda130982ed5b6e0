import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneRow } from '#core/database/rows.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { replayEvents } from '../inbound/public.ts';

const why: Record<string, string> = {
  unmatched:
    'The event belongs to nobody yet: link its owner to an app first (POST /internal/apps/:app_id/links).',
  unrecognised: 'The event is still not understood: its payload is of no form that its provider documents.',
};

const isDue = sql`status = 'received' and next_attempt_at <= clock_timestamp()`;

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/events/:id/replay',
  summary: 'Process an inbound event again',
  description:
    'Harmless for one that was processed: its timeline and announcements stay single. One that rests after a failure is tried now.',
  who: ['internal'],
  input: z.object({ id: z.uuid() }),
  output: z.object({ id: z.uuid(), status: z.literal('received') }).meta({ id: 'ReplayedInboundEvent' }),
  status: 202,
  errors: ['NOT_FOUND', 'CONFLICT'],
  async handle({ ctx, input }) {
    await ctx.dbAs('jobs', 'replay an event', async (tx) => {
      // Asked without a lock: a worker passes over rows that are locked, and would miss one that it was woken for.
      const event = await oneRow<{ status: string; waits: boolean }>(
        tx,
        sql`select status, ${isDue} as waits from inbound_events where id = ${input.id}::uuid`,
        'No event has this id.',
      );
      const locked = sql`select 1 from inbound_events where id = ${input.id}::uuid and not (${isDue}) for update skip locked`;
      if (event.waits || (await rowsOf(tx, locked)).length === 0)
        throw new AppError('CONFLICT', { message: 'The event is about to be processed anyway.' });
      const replayed = await replayEvents(tx, [input.id]);
      if (replayed === 0)
        throw new AppError('CONFLICT', why[event.status] ? { message: why[event.status] ?? '' } : {});
    });
    return { id: input.id, status: 'received' as const };
  },
});
