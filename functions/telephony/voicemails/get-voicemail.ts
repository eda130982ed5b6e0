import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { voicemails } from '#db/schema/voicemails.ts';
import { Voicemail, voicemailShape } from './shared/voicemail.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/voicemails/:id',
  summary: 'Get a voicemail with its transcript',
  who: ['user', 'key'],
  permission: 'voicemails:read',
  input: z.object({ id: z.uuid() }),
  output: Voicemail,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    oneOf(
      sql`select ${asJson(voicemailShape)} as item from ${voicemails}
        where ${callersCompany(voicemails.companyId)} and ${voicemails.id} = ${input.id} and ${voicemails.deletedAt} is null`,
    ),
});
