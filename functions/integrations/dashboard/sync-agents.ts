import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { scopeOf, syncRetellAgents } from '../sync/public.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/dashboard/sync-agents',
  summary: 'Sync the agents with Retell',
  who: ['user', 'key'],
  permission: 'sync:run',
  output: z
    .object({
      success: z.literal(true),
      message: z.string(),
      agentsSynced: z.int32().describe('Agents that are new to us.'),
      agentsUpdated: z.int32().describe('Agents that changed, or that Retell has no longer.'),
      errors: z.int32(),
    })
    .meta({ id: 'AgentSync' }),
  envelope: 'none',
  errors: ['PROVIDER_FAILED'],
  async handle({ ctx }) {
    const result = await syncRetellAgents(ctx, scopeOf(ctx));
    return { success: true as const, message: 'Agent sync completed', ...result, errors: 0 };
  },
});
