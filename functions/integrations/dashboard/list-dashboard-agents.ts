import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { contains, equals } from '#core/database/filters.ts';
import { listOf, Pagination, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { agents } from '#db/schema/agents.ts';
import { AgentStatus } from '#telephony/model/words.ts';
import { DashboardAgent, dashboardAgentShape, retellAgents } from './shared/dashboard-agent.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/dashboard/agents',
  summary: 'List the Retell agents, newest first',
  who: ['user', 'key'],
  permission: 'agents:read',
  input: pageInput.extend({
    status: AgentStatus.optional().describe('Only agents of this status.'),
    search: z.string().trim().min(1).max(200).optional().describe('In the name and Retell’s id.'),
  }),
  output: z
    .object({ agents: z.array(DashboardAgent), pagination: Pagination })
    .meta({ id: 'DashboardAgentPage' }),
  envelope: 'none',
  errors: ['INVALID_CURSOR'],
  query: ({ input }) =>
    listOf(
      {
        shape: dashboardAgentShape,
        from: sql`${agents}`,
        id: agents.id,
        where: [
          retellAgents,
          equals(agents.status, input.status),
          contains([agents.name, agents.providerAgentId], input.search),
        ],
        sort: { by: agents.createdAt, kind: 'time' },
        identity: {
          list: 'dashboard agents',
          status: input.status,
          search: input.search,
          sortOrder: input.sortOrder,
        },
        input,
      },
      ({ items, pagination }) => `{"agents":${items},"pagination":${JSON.stringify(pagination)}}`,
    ),
});
