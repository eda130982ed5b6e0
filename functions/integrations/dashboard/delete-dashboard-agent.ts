import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneRow } from '#core/database/rows.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { agents } from '#db/schema/agents.ts';
import { findChangeable, findDashboardAgent } from './shared/agent-store.ts';
import { DashboardAgent, retellAgents } from './shared/dashboard-agent.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/dashboard/agents/:agentId',
  summary: 'Deactivate a Retell agent',
  description:
    'It keeps its calls. At Retell nothing changes; a sync that still finds it there leaves it inactive.',
  who: ['user', 'key'],
  permission: 'agents:write',
  input: z.object({ agentId: z.string().min(1).max(200) }),
  output: DashboardAgent,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    await findChangeable(ctx, input.agentId);
    return await ctx.db(async (tx) => {
      await oneRow(
        tx,
        sql`update ${agents} set status = 'inactive' where ${retellAgents} and ${agents.providerAgentId} = ${input.agentId} returning 1`,
      );
      audit(tx, ctx, {
        companyId: ctx.companyId,
        action: 'agent.deactivated',
        resource: { type: 'agent', id: input.agentId },
      });
      return await findDashboardAgent(tx, input.agentId);
    });
  },
});
