import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, callersCompany, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { phoneInput, timeInput } from '#core/http/input.ts';
import { voicemails } from '#db/schema/voicemails.ts';
import { Voicemail, voicemailShape } from './shared/voicemail.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/voicemails',
  summary: 'List voicemails, newest first',
  who: ['user', 'key'],
  permission: 'voicemails:read',
  input: pageInput.extend({
    from: phoneInput.optional().describe('Only voicemails from this number: E.164; write the plus as %2B.'),
    to: phoneInput.optional().describe('Only voicemails to this number: E.164; write the plus as %2B.'),
    callId: z.uuid().optional().describe('Only voicemails of this call.'),
    heard: z.enum(['true', 'false']).optional().describe('Whether it was played.'),
    after: timeInput.optional().describe('Only voicemails of then or later.'),
    before: timeInput.optional().describe('Only voicemails of an earlier time.'),
    sortBy: z.enum(['receivedAt']).default('receivedAt').describe('The field that the list is sorted by.'),
  }),
  output: Voicemail,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: voicemailShape,
      from: sql`${voicemails}`,
      id: voicemails.id,
      where: [
        callersCompany(voicemails.companyId),
        sql`${voicemails.deletedAt} is null`,
        equals(voicemails.fromNumber, input.from),
        equals(voicemails.toNumber, input.to),
        equals(voicemails.callId, input.callId),
        input.heard === undefined
          ? undefined
          : sql`(${voicemails.heardAt} is not null) = ${input.heard === 'true'}::boolean`,
        since(voicemails.receivedAt, input.after),
        before(voicemails.receivedAt, input.before),
      ],
      sort: { by: voicemails.receivedAt, kind: 'time' },
      identity: { list: 'voicemails', ...identity },
      input,
    });
  },
});
