import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { sqlStateOf } from '#core/database/database-errors.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { audit } from '#core/security/audit.ts';
import { findApp } from '../apps/public.ts';
import { clientOf, undo } from './shared/at-dialpad.ts';
import { Hook } from './shared/hook.ts';
import { insertHook, refuseSameAddress, sameAddress } from './shared/hook-store.ts';

const hookUrlInput = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .max(2000)
  .refine((address) => {
    if (!URL.canParse(address)) return true; // said already
    const { username, password, hash } = new URL(address);
    return username === '' && password === '' && hash === '';
  }, 'must hold no user, password or fragment');

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/webhooks/create',
  summary: 'Create the webhook of an app at Dialpad',
  description:
    'With a secret of its own, which is stored encrypted and shown nowhere. A second one with the same address is refused: it would have Dialpad send everything twice, and the first may have been deleted at Dialpad by hand, which DELETE and a new one mend.',
  who: ['internal'],
  input: z.object({
    app_id: z.uuid().describe('The id of the app.'),
    hook_url: hookUrlInput
      .optional()
      .describe('Where Dialpad sends events, instead of this deployment’s own address.'),
  }),
  inQuery: ['app_id'],
  output: Hook,
  status: 201,
  errors: ['NOT_FOUND', 'CONFLICT', 'PROVIDER_FAILED'],
  async handle({ ctx, input }) {
    const ownAddress = new URL(`/webhooks/dialpad?app_id=${input.app_id}`, env().PUBLIC_URL).href;
    const hookUrl = input.hook_url ?? ownAddress;
    const app = await ctx.dbAs('pipeline', 'find the app that gets a webhook', async (tx) => {
      const found = await findApp(tx, input.app_id);
      await refuseSameAddress(tx, found.id, hookUrl);
      return found;
    });
    const client = await clientOf(ctx, app.id);
    const secret = randomBytes(32).toString('base64url');
    const { id: dialpadId } = await client.createWebhook({ hookUrl, secret });
    try {
      return await ctx.dbAs('pipeline', 'store the webhook of an app', async (tx) => {
        const hook = await insertHook(tx, app, { dialpadId, hookUrl, secret });
        audit(tx, ctx, {
          companyId: app.companyId,
          action: 'provider_webhook.created',
          resource: { type: 'provider_webhook', id: hook.webhook_id },
          after: { provider: 'dialpad', appId: app.id, hookUrl },
        });
        return hook;
      });
    } catch (error) {
      await undo(ctx, `webhook ${dialpadId}`, [client.deleteWebhook(dialpadId)]);
      throw sqlStateOf(error) === '23505' ? sameAddress() : error;
    }
  },
});
