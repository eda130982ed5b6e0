import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { equals } from '#core/filters.ts';
import { pageInput } from '#core/page.ts';
import { calls } from '#db/schema/calls.ts';
import {
  DashboardCall,
  DashboardSort,
  dashboardCalls,
  dashboardPage,
  retellStatus,
} from './shared/dashboard-call.ts';

export const { contract, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/dashboard/calls',
  summary: 'List the Retell calls of all agents, newest first',
  who: ['user', 'key'],
  scope: 'calls:read',
  input: pageInput.extend({
    agentId: z.string().max(200).optional().describe('Retell’s id of the agent.'),
    callStatus: z.enum(['registered', 'ongoing', 'ended', 'not_connected', 'error']).optional(),
    sortBy: DashboardSort,
  }),
  output: dashboardPage(DashboardCall),
  envelope: 'none',
  errors: ['INVALID_CURSOR'],
  query: ({ input }) =>
    dashboardCalls(input, 'dashboard calls', { agentId: input.agentId, callStatus: input.callStatus }, [
      equals(calls.providerAgentId, input.agentId),
      equals(retellStatus, input.callStatus),
    ]),
});
