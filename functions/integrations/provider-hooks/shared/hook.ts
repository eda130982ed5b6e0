import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { providerHooks } from '#db/schema/provider-links.ts';

export const provider = 'dialpad';

/** A subscription as Dialpad answered it, and as it is stored. */
export const Subscription = z
  .object({
    subscription_id: z.string().describe('Dialpad’s id of it.'),
    type: z.enum(['call', 'sms']),
    call_states: z.array(z.string()).nullable().describe('Of type call.'),
    direction: z.string().nullable().describe('Of type sms.'),
    status: z.boolean().nullable().describe('Of type sms: whether delivery results come too.'),
    enabled: z.boolean(),
    target_type: z.string().nullable().describe('Null: the whole Dialpad company.'),
    target_id: z.string().nullable(),
  })
  .meta({ id: 'ProviderSubscription' });
export type Subscription = z.infer<typeof Subscription>;

export const Hook = z
  .object({
    webhook_id: z.uuid(),
    dialpad_webhook_id: z.string().describe('Dialpad’s id of it.'),
    app_id: z.uuid(),
    company_id: z.uuid(),
    hook_url: z.string(),
    subscriptions: z.array(Subscription),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'ProviderWebhook' });
export type Hook = z.infer<typeof Hook>;

export const hookShape = shapeOf(Hook, {
  webhook_id: providerHooks.id,
  dialpad_webhook_id: providerHooks.externalId,
  app_id: providerHooks.appId,
  company_id: providerHooks.companyId,
  hook_url: providerHooks.hookUrl,
  subscriptions: providerHooks.subscriptions,
  created_at: providerHooks.createdAt,
});

/** Ours, or Dialpad's own id of the webhook. */
export const webhookIdInput = z
  .union([z.uuid(), z.string().regex(/^\d{1,20}$/)], {
    error: 'must be a webhook_id, or Dialpad’s id of the webhook',
  })
  .describe('Dialpad’s own id of it is taken too.');

export const hookIsLive = sql`${providerHooks.provider} = ${sql.raw(`'${provider}'`)} and ${providerHooks.deletedAt} is null`;

export const hookIs = (webhookId: string) =>
  webhookId.includes('-')
    ? sql`${providerHooks.id} = ${webhookId}::uuid`
    : sql`${providerHooks.externalId} = ${webhookId}`;
