import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { callEvents, calls } from '#db/schema/calls.ts';

const CallEvent = z
  .object({
    id: z.uuid(),
    callId: z.uuid(),
    type: z.string().describe('The provider’s word for what happened.'),
    legId: z.string().nullable().describe('Which leg of the conversation, where it has several.'),
    data: z.record(z.string(), z.unknown()),
    occurredAt: z.iso.datetime(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'CallEvent' });

const shape = shapeOf(CallEvent, {
  id: callEvents.id,
  callId: callEvents.callId,
  type: callEvents.type,
  legId: callEvents.legId,
  data: callEvents.data,
  occurredAt: callEvents.occurredAt,
  createdAt: callEvents.createdAt,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/calls/:id/events',
  summary: 'List the timeline of a call, oldest first',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: pageInput.extend({
    id: z.uuid(),
    sortOrder: z
      .enum(['asc', 'desc'])
      .default('asc')
      .describe('`asc`: the oldest first. `desc`: the newest first.'),
  }),
  output: CallEvent,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const list = listOf({
      shape,
      from: sql`${callEvents}`,
      id: callEvents.id,
      where: [callersCompany(callEvents.companyId), sql`${callEvents.callId} = ${input.id}`],
      sort: { by: callEvents.occurredAt, kind: 'time' },
      identity: { list: 'call events', id: input.id, sortOrder: input.sortOrder },
      input,
    });
    return {
      statements: [
        ...list.statements,
        sql`select 1 from ${calls} where ${callersCompany(calls.companyId)} and ${calls.id} = ${input.id}`,
      ],
      reply(results) {
        if (results[2]?.length !== 1) throw new AppError('NOT_FOUND');
        return list.reply(results);
      },
    };
  },
});
