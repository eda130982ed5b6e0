import { sql } from 'drizzle-orm/sql';
import { endpoint } from '#core/endpoint.ts';
import { callersCompany } from '#core/filters.ts';
import { listOf, pageInput } from '#core/page.ts';
import { calls } from '#db/schema/calls.ts';
import { Call, callShape } from './shared/call.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/calls/active',
  summary: 'List the calls that ring or talk now',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: pageInput,
  output: Call,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    return listOf({
      shape: callShape,
      from: sql`${calls}`,
      id: calls.id,
      where: [
        callersCompany(calls.companyId),
        sql`${calls.status} in ('queued', 'ringing', 'in_progress', 'on_hold')`,
      ],
      sort: { by: calls.startedAt, kind: 'time' },
      identity: { list: 'active calls', sortOrder: input.sortOrder },
      input,
    });
  },
});
