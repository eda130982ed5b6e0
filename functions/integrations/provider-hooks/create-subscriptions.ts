import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { findApp } from '../apps/public.ts';
import { subscribe, subscribingClient, undoSubscriptions } from './shared/at-dialpad.ts';
import { Hook, Subscription } from './shared/hook.ts';
import { addSubscriptions, findHook, newestHook, refuseRepeated } from './shared/hook-store.ts';
import { SubscriptionInput } from './shared/subscription-input.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/subscriptions/create',
  summary: 'Subscribe the webhook of an app to calls and messages at Dialpad',
  description:
    'Both or neither is made. By default of everything in the Dialpad company; what does not change a call is only a line of its timeline. In the deployment’s own Dialpad account, only of an office or a Dialpad company that is linked to the app; for the default company of anything.',
  who: ['internal'],
  input: SubscriptionInput,
  inQuery: ['app_id'],
  output: Hook.extend({ created: z.array(Subscription).describe('Those that this request made.') }),
  status: 201,
  errors: ['NOT_FOUND', 'OWNERSHIP_NOT_PROVED', 'CONFLICT', 'PROVIDER_FAILED'],
  async handle({ ctx, input }) {
    const types = [...new Set(input.types)];
    const target = { targetType: input.target_type, targetId: input.target_id };
    const hook = await ctx.dbAs('pipeline', 'find the webhook that is to be subscribed', async (tx) => {
      const app = await findApp(tx, input.app_id);
      const found =
        input.webhook_id === undefined
          ? await newestHook(tx, app.id)
          : await findHook(tx, input.webhook_id, app.id);
      refuseRepeated(
        found,
        types.map((type) => ({ type, target_id: input.target_id ?? null })),
      );
      return found;
    });
    const client = await subscribingClient(ctx, hook, target);
    const created: Subscription[] = [];
    try {
      for (const type of types) {
        const wanted = { type, callStates: input.call_states, direction: input.direction, ...target };
        created.push(await subscribe(client, hook.dialpad_webhook_id, wanted));
      }
      const changed = await ctx.dbAs('pipeline', 'store the subscriptions of a webhook', (tx) =>
        addSubscriptions(tx, hook.webhook_id, created),
      );
      return { ...changed, created };
    } catch (error) {
      await undoSubscriptions(ctx, client, created);
      throw error;
    }
  },
});
