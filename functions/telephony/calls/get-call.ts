import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { calls } from '#db/schema/calls.ts';
import { CallDetail, callDetailShape } from './shared/call.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/calls/:id',
  summary: 'Get a call with its transcript and agent',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: z.object({ id: z.uuid() }),
  output: CallDetail,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    oneOf(
      sql`select ${asJson(callDetailShape)} as item from ${calls} where ${callersCompany(calls.companyId)} and ${calls.id} = ${input.id}`,
    ),
});
