import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { agents } from '#db/schema/agents.ts';
import { retellOf } from '../sync/public.ts';
import { findDashboardAgent } from './shared/agent-store.ts';
import { DashboardAgent, retellAgents } from './shared/dashboard-agent.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/dashboard/agents/:agentId',
  summary: 'Edit a Retell agent',
  description: 'The name, voice and language are changed at Retell first; the status is ours alone.',
  who: ['user', 'key'],
  permission: 'agents:write',
  input: z.object({
    agentId: z.string().min(1).max(200),
    agent_name: z.string().trim().min(1).max(200).optional(),
    voice_id: z.string().min(1).max(200).optional(),
    language: z.string().max(20).optional(),
    status: z.enum(['active', 'inactive']).optional(),
  }),
  output: DashboardAgent,
  errors: ['NOT_FOUND', 'PROVIDER_FAILED', 'UNAVAILABLE'],
  async handle({ ctx, input }) {
    const { agentId, status, ...atRetell } = input;
    await ctx.db((tx) => findDashboardAgent(tx, agentId));
    if (Object.keys(atRetell).length > 0) {
      await (await retellOf(ctx, ctx.companyId)).updateAgent(agentId, atRetell);
    }
    return await ctx.db(async (tx) => {
      await rowsOf(
        tx,
        sql`update ${agents} set name = coalesce(${input.agent_name ?? null}, name), status = coalesce(${status ?? null}, status)
          where ${retellAgents} and ${agents.providerAgentId} = ${agentId}`,
      );
      return await findDashboardAgent(tx, agentId);
    });
  },
});
