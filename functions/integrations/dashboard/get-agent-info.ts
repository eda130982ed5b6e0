import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { agents } from '#db/schema/agents.ts';
import { DashboardAgent, dashboardAgentShape, retellAgents } from './shared/dashboard-agent.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/dashboard/agent-info/:agentId',
  summary: 'Get a Retell agent',
  who: ['user', 'key'],
  permission: 'agents:read',
  input: z.object({ agentId: z.string().min(1).max(200) }),
  output: DashboardAgent,
  envelope: 'none',
  errors: ['NOT_FOUND'],
  query: ({ input }) => ({
    statements: [
      sql`select ${asJson(dashboardAgentShape)} as item from ${agents} where ${retellAgents} and ${agents.providerAgentId} = ${input.agentId}`,
    ],
    reply([found = []]) {
      const row = found[0];
      if (!row) throw new AppError('NOT_FOUND');
      return { body: String(row.item) };
    },
  }),
});
