import { sql } from 'drizzle-orm/sql';
import { callersCompany } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { calls } from '#db/schema/calls.ts';
import { activeStatuses, statusIn } from '../model/status.ts';
import { Call, callShape } from './shared/call.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/calls/active',
  summary: 'List active calls',
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
      where: [callersCompany(calls.companyId), statusIn(calls.status, activeStatuses)],
      sort: { by: calls.startedAt, kind: 'time' },
      identity: { list: 'active calls', sortOrder: input.sortOrder },
      input,
    });
  },
});
