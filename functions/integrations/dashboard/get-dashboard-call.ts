import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { calls } from '#db/schema/calls.ts';
import { DashboardCall, dashboardCallShape } from './shared/dashboard-call.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/dashboard/calls/:callId',
  summary: 'Get a Retell call',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: z.object({ callId: z.string().min(1).max(200).describe('Retell’s id of the call, or ours.') }),
  output: DashboardCall,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    oneOf(
      sql`select ${asJson(dashboardCallShape)} as item from ${calls}
        where ${callersCompany(calls.companyId)} and ${calls.provider} = 'retell'
          and ${z.uuid().safeParse(input.callId).success ? sql`${calls.id} = ${input.callId}` : sql`${calls.providerCallId} = ${input.callId}`}`,
    ),
});
