import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { messages } from '#db/schema/messages.ts';
import { Message, messageShape } from './shared/message.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/messages/:id',
  summary: 'Get a text message',
  who: ['user', 'key'],
  permission: 'messages:read',
  input: z.object({ id: z.uuid() }),
  output: Message,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    oneOf(
      sql`select ${asJson(messageShape)} as item from ${messages} where ${callersCompany(messages.companyId)} and ${messages.id} = ${input.id}`,
    ),
});
