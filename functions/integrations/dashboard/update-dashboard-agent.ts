import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneRow } from '#core/database/rows.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { agents } from '#db/schema/agents.ts';
import { AgentStatus } from '#telephony/model/words.ts';
import { agentsAccount, scopeOf } from '../sync/public.ts';
import { findChangeable, findDashboardAgent } from './shared/agent-store.ts';
import { DashboardAgent, retellAgents } from './shared/dashboard-agent.ts';
import { madeOfInput } from './shared/refused-by-retell.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/dashboard/agents/:agentId',
  summary: 'Update a Retell agent',
  description:
    'The name, voice and language are changed at Retell first: in the company’s own account, or in the deployment’s as for creating one. The status is ours alone. An app’s key changes agents that are linked to the app.',
  who: ['user', 'key'],
  permission: 'agents:write',
  input: z.object({
    agentId: z.string().min(1).max(200),
    agent_name: z.string().trim().min(1).max(200).optional(),
    voice_id: z.string().min(1).max(200).optional(),
    language: z.string().max(20).optional(),
    status: AgentStatus.optional(),
  }),
  output: DashboardAgent,
  errors: ['NOT_FOUND', 'FORBIDDEN', 'PROVIDER_FAILED', 'UNAVAILABLE'],
  async handle({ ctx, input }) {
    const { agentId, status, ...atRetell } = input;
    await findChangeable(ctx, agentId);
    if (Object.keys(atRetell).length > 0) {
      const { client, isOurs } = await agentsAccount(ctx, scopeOf(ctx));
      if (!isOurs(agentId)) throw new AppError('NOT_FOUND');
      await madeOfInput(client.updateAgent(agentId, atRetell));
    }
    return await ctx.db(async (tx) => {
      await oneRow(
        tx,
        sql`update ${agents} set name = coalesce(${input.agent_name ?? null}, name), status = coalesce(${status ?? null}, status)
          where ${retellAgents} and ${agents.providerAgentId} = ${agentId} returning 1`,
      );
      audit(tx, ctx, {
        companyId: ctx.companyId,
        action: 'agent.updated',
        resource: { type: 'agent', id: agentId },
        after: { status, ...atRetell },
      });
      return await findDashboardAgent(tx, agentId);
    });
  },
});
