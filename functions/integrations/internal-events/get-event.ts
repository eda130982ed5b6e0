import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { inboundEvents } from '#db/schema/pipeline.ts';
import { EventDetail, eventDetailShape } from './shared/event.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/events/:id',
  summary: 'Get an inbound event with its content',
  description: 'The body as the provider sent it, and what became of it.',
  who: ['internal'],
  input: z.object({ id: z.uuid() }),
  output: EventDetail,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    oneOf(
      sql`select ${asJson(eventDetailShape)} as item from ${inboundEvents} where ${inboundEvents.id} = ${input.id}::uuid`,
    ),
});
