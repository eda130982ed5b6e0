import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { scopeOf, syncRetellAgents } from '../sync/public.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/dashboard/sync-agents',
  summary: 'Pull the agents from Retell',
  who: ['user', 'key'],
  permission: 'sync:run',
  output: z.object({
    success: z.literal(true),
    message: z.string(),
    agentsSynced: z.number().int().describe('Agents that are new to us.'),
    agentsUpdated: z.number().int().describe('Agents that changed, or that Retell has no longer.'),
    errors: z.number().int(),
  }),
  envelope: 'none',
  errors: ['PROVIDER_FAILED'],
  async handle({ ctx }) {
    const result = await syncRetellAgents(ctx, scopeOf(ctx));
    return { success: true as const, message: 'Agent sync completed', ...result, errors: 0 };
  },
});
