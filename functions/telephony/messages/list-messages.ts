import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, callersCompany, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { phoneInput, timeInput } from '#core/http/input.ts';
import { messages } from '#db/schema/messages.ts';
import { Direction } from '../model/words.ts';
import { Message, messageShape } from './shared/message.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/messages',
  summary: 'List text messages, newest first',
  who: ['user', 'key'],
  permission: 'messages:read',
  input: pageInput.extend({
    direction: Direction.optional().describe('Only messages of this direction.'),
    from: phoneInput.optional().describe('Only messages from this number: E.164; write the plus as %2B.'),
    to: phoneInput.optional().describe('Only messages to this number: E.164; write the plus as %2B.'),
    after: timeInput.optional().describe('Only messages of then or later.'),
    before: timeInput.optional().describe('Only messages of an earlier time.'),
    sortBy: z.enum(['sentAt']).default('sentAt').describe('The field that the list is sorted by.'),
  }),
  output: Message,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: messageShape,
      from: sql`${messages}`,
      id: messages.id,
      where: [
        callersCompany(messages.companyId),
        equals(messages.direction, input.direction),
        equals(messages.fromNumber, input.from),
        input.to === undefined ? undefined : sql`${messages.toNumbers} @> array[${input.to}]::text[]`,
        since(messages.sentAt, input.after),
        before(messages.sentAt, input.before),
      ],
      sort: { by: messages.sentAt, kind: 'time' },
      identity: { list: 'messages', ...identity },
      input,
    });
  },
});
