import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { clientOf, deleteAtDialpad } from './shared/at-dialpad.ts';
import { webhookIdInput } from './shared/hook.ts';
import { findHook, markDeleted } from './shared/hook-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/internal/webhooks/:webhook_id',
  summary: 'Delete a webhook at Dialpad with its subscriptions',
  description:
    'What is no longer at Dialpad counts as deleted. When Dialpad does not answer, the webhook stays listed here: delete it again, which does what is left to do.',
  who: ['internal'],
  input: z.object({ webhook_id: webhookIdInput }),
  output: z
    .object({
      webhook_id: z.uuid(),
      dialpad_webhook_id: z.string(),
      app_id: z.uuid(),
      hook_url: z.string(),
    })
    .meta({ id: 'DeletedProviderWebhook' }),
  errors: ['NOT_FOUND', 'CONFLICT', 'PROVIDER_FAILED'],
  async handle({ ctx, input }) {
    const hook = await ctx.dbAs('pipeline', 'find the webhook that is to be deleted', (tx) =>
      findHook(tx, input.webhook_id),
    );
    await deleteAtDialpad(await clientOf(ctx, hook.app_id, { evenShared: true }), hook);
    await ctx.dbAs('pipeline', 'mark a webhook as deleted', async (tx) => {
      const companyId = await markDeleted(tx, hook.webhook_id);
      if (companyId === undefined) return;
      audit(tx, ctx, {
        companyId,
        action: 'provider_webhook.deleted',
        resource: { type: 'provider_webhook', id: hook.webhook_id },
        before: { provider: 'dialpad', appId: hook.app_id, hookUrl: hook.hook_url },
      });
    });
    return hook;
  },
});
