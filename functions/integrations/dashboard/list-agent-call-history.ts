import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { calls } from '#db/schema/calls.ts';
import { DashboardCallPage, DashboardSort, dashboardCalls } from './shared/dashboard-call.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/dashboard/call-history/:agentId',
  summary: 'List the call history of one Retell agent, newest first',
  description: 'An agent that the company does not have has no calls: an empty list.',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: pageInput.extend({ agentId: z.string().min(1).max(200), sortBy: DashboardSort }),
  output: DashboardCallPage,
  envelope: 'none',
  errors: ['INVALID_CURSOR'],
  query: ({ input }) =>
    dashboardCalls(input, 'agent call history', { agentId: input.agentId }, [
      sql`${calls.providerAgentId} = ${input.agentId}`,
    ]),
});
