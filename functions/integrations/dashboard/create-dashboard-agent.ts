import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { linkByOperator, linkByProof, notProved, provedOf } from '#identity/provider-accounts/public.ts';
import { type AgentsAccount, agentDetails, agentsAccount, scopeOf } from '../sync/public.ts';
import { findDashboardAgent } from './shared/agent-store.ts';
import { DashboardAgent } from './shared/dashboard-agent.ts';
import { madeOfInput } from './shared/refused-by-retell.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/dashboard/agents',
  summary: 'Create a Retell agent',
  who: ['user', 'key'],
  description:
    'In the company’s own Retell account. In the deployment’s only for the default company, and for companies that a platform admin lets manage shared accounts.',
  permission: 'agents:write',
  input: z.object({
    agent_name: z.string().trim().min(1).max(200),
    voice_id: z.string().min(1).max(200),
    response_engine: z
      .looseObject({ type: z.string().min(1).max(100) })
      .describe('As Retell takes it: { type: "retell-llm", llm_id: "…" }, for example.'),
    language: z.string().max(20).optional(),
  }),
  output: DashboardAgent,
  status: 201,
  errors: ['FORBIDDEN', 'OWNERSHIP_NOT_PROVED', 'PROVIDER_FAILED', 'UNAVAILABLE'],
  async handle({ ctx, input }) {
    const scope = scopeOf(ctx);
    const { client, isOwn } = await agentsAccount(ctx, scope);
    const made = await madeOfInput(client.createAgent(input));
    if (isOwn) await requireOwn(ctx, client, made.agent_id);
    const stored = ctx.dbAs(
      'pipeline',
      'store the agent that Retell just made, and whose it is',
      async (tx) => {
        // The link comes with it, so that the agent's calls are this company's also where Retell is shared.
        const claim = { provider: 'retell', kind: 'agent', ...scope, ids: [made.agent_id] } as const;
        await (isOwn ? linkByProof(tx, ctx, claim, []) : linkByOperator(tx, ctx, claim));
        await rowsOf(
          tx,
          sql`insert into agents (company_id, kind, name, provider, provider_agent_id, details)
          values (${ctx.companyId}::uuid, 'ai', ${input.agent_name}, 'retell', ${made.agent_id}, ${JSON.stringify(agentDetails(made))}::jsonb)
          on conflict (company_id, provider, provider_agent_id) do nothing`,
        );
        audit(tx, ctx, {
          companyId: ctx.companyId,
          action: 'agent.created',
          resource: { type: 'agent', id: made.agent_id },
          after: { name: input.agent_name },
        });
      },
    );
    await stored.catch(async (error: unknown) => {
      // It would be nobody's; in a shared account, the deployment's. Of a database that is away, nobody knows whether it stored it.
      const isKnown = !(error instanceof AppError && error.code === 'UNAVAILABLE');
      if (isKnown) await withdraw(ctx, client, made.agent_id);
      throw error;
    });
    return await ctx.db((tx) => findDashboardAgent(tx, made.agent_id));
  },
});

/**
 * A company's key may be another key of the deployment's own account: what is made there is the deployment's, and goes.
 * @throws AppError OWNERSHIP_NOT_PROVED
 */
async function requireOwn(ctx: Context, client: AgentsAccount['client'], agentId: string): Promise<void> {
  const claim = { provider: 'retell', kind: 'agent', ...scopeOf(ctx), ids: [agentId] } as const;
  if ((await provedOf([agentId], claim)).length > 0) return;
  await withdraw(ctx, client, agentId);
  throw notProved('integrations.retell.apiKey');
}

/** Deletes an agent at Retell that was just made there, and is not to stay. */
async function withdraw(ctx: Context, client: AgentsAccount['client'], agentId: string): Promise<void> {
  await client.deleteAgent(agentId).catch((error: unknown) => {
    ctx.log.error(
      { agentId, companyId: ctx.companyId, err: error },
      'an agent that a company made at Retell, and that was not stored, is there still: delete it',
    );
  });
}
