import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { scopeOf, syncRetellCalls } from '../sync/public.ts';

/** What a function may take, less what the answer needs: API Gateway gives up after 30 s, Netlify after 26. */
const budgetMs = 18_000;

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/dashboard/sync-calls',
  summary: 'Sync the calls with Retell',
  who: ['user', 'key'],
  permission: 'sync:run',
  input: z.object({
    agentId: z.string().min(1).max(200).optional().describe('Only this Retell agent’s calls.'),
  }),
  output: z
    .object({
      success: z.literal(true),
      message: z.string(),
      callsSynced: z.int32().describe('Calls that are new to us.'),
      callsUpdated: z.int32().describe('Calls that changed.'),
      errors: z.int32().describe('Calls that could not be taken; the next sync tries them again.'),
      more: z.boolean().describe('The time was up before the end: the next sync goes on from there.'),
    })
    .meta({ id: 'CallSync' }),
  envelope: 'none',
  errors: ['SYNC_RUNNING', 'NOT_FOUND', 'PROVIDER_FAILED'],
  async handle({ ctx, input }) {
    const result = await syncRetellCalls(ctx, scopeOf(ctx), {
      trigger: 'request',
      agentId: input.agentId,
      budgetMs,
    });
    return { success: true as const, message: 'Call sync completed', ...result };
  },
});
