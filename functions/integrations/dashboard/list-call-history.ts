import { endpoint } from '#core/endpoint.ts';
import { acrossAgentsInput, callsAcrossAgents, DashboardCallPage } from './shared/dashboard-call.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/dashboard/call-history',
  summary: 'List the call history across agents, newest first',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: acrossAgentsInput,
  output: DashboardCallPage,
  envelope: 'none',
  errors: ['INVALID_CURSOR'],
  query: ({ input }) => callsAcrossAgents(input, 'call history'),
});
