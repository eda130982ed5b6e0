import { sql } from 'drizzle-orm/sql';
import { ProviderError } from '#core/clients/http-client.ts';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { env } from '#core/env.ts';
import { dialpadAccount, notProved } from '#identity/provider-accounts/public.ts';
import { type DialpadClient, dialpadClient } from '#providers/dialpad/client.ts';
import type { Hook, Subscription } from './hook.ts';

export async function clientOf(
  ctx: Context,
  appId: string,
  options?: { evenShared: boolean },
): Promise<DialpadClient> {
  return dialpadClient(await dialpadAccount(ctx, appId, options));
}

/**
 * A client that may subscribe the hook to this target. In the deployment's own account, an app of another company than
 * the default one gets what is linked to it or its company: the office that is the target, or the whole Dialpad company.
 * @throws AppError OWNERSHIP_NOT_PROVED for any other target there.
 */
export async function subscribingClient(
  ctx: Context,
  hook: Hook,
  { targetType, targetId }: Pick<WantedSubscription, 'targetType' | 'targetId'>,
): Promise<DialpadClient> {
  const account = await dialpadAccount(ctx, hook.app_id);
  const client = dialpadClient(account);
  if (account.by !== 'deployment_key' || hook.company_id === env().DEFAULT_COMPANY_ID) return client;
  const { id: wholeCompany } = await client.getCompany();
  const office = targetType === 'office' && targetId !== undefined ? [targetId] : [];
  const linked = await ctx.readAs(
    'pipeline',
    'see whether an app’s hook may be subscribed to a target',
    sql`select 1 from provider_links where provider = 'dialpad' and kind = 'organization' and proof is not null
      and company_id = ${hook.company_id}::uuid and (app_id = ${hook.app_id}::uuid or app_id is null)
      and external_id = any(${textArray([wholeCompany, ...office])}) limit 1`,
  );
  if (linked.length === 0) throw notProved('target_id');
  return client;
}

export interface WantedSubscription {
  type: Subscription['type'];
  callStates: readonly string[];
  direction: 'all' | 'inbound' | 'outbound';
  targetType: string | undefined;
  targetId: string | undefined;
}

/** Makes one subscription at Dialpad; what it left out of its answer is as it was asked for. */
export async function subscribe(
  client: DialpadClient,
  dialpadWebhookId: string,
  wanted: WantedSubscription,
): Promise<Subscription> {
  const { type, callStates, direction, targetType, targetId } = wanted;
  const to = {
    webhookId: dialpadWebhookId,
    ...(targetType === undefined ? {} : { targetType }),
    ...(targetId === undefined ? {} : { targetId }),
  };
  const target = { target_type: targetType ?? null, target_id: targetId ?? null };
  if (type === 'call') {
    const made = await client.createCallSubscription({ ...to, callStates });
    const call_states = made.call_states ?? [...callStates];
    const kept = { subscription_id: made.id, type, call_states, direction: null, status: null };
    return { ...kept, enabled: made.enabled ?? true, ...target };
  }
  const made = await client.createSmsSubscription({ ...to, direction });
  const kept = { subscription_id: made.id, type, call_states: null };
  const facts = { direction: made.direction ?? direction, status: made.status ?? true };
  return { ...kept, ...facts, enabled: made.enabled ?? true, ...target };
}

/** What is no longer at Dialpad needs no deletion. */
async function gone(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof ProviderError) || error.status !== 404) throw error;
  }
}

type Known = Pick<Subscription, 'type' | 'subscription_id'>;

async function unsubscribe(client: DialpadClient, { type, subscription_id: id }: Known): Promise<void> {
  await gone(type === 'call' ? client.deleteCallSubscription(id) : client.deleteSmsSubscription(id));
}

/** Takes back what was made for nothing. What cannot be taken back is in the log: the caller has an error to tell. */
export async function undo(ctx: Context, what: string, deletions: readonly Promise<void>[]): Promise<void> {
  for (const done of await Promise.allSettled(deletions.map(gone))) {
    if (done.status === 'rejected')
      ctx.log.error({ err: done.reason, what }, 'something is left at Dialpad that nobody uses');
  }
}

export const undoSubscriptions = (ctx: Context, client: DialpadClient, made: readonly Known[]) =>
  undo(
    ctx,
    `subscriptions ${made.map((one) => one.subscription_id).join(', ')}`,
    made.map((one) => unsubscribe(client, one)),
  );

/** Deletes a webhook at Dialpad with its subscriptions: those we know of, and those that Dialpad lists for it. */
export async function deleteAtDialpad(client: DialpadClient, hook: Hook): Promise<void> {
  const ofHook = (listed: { webhook?: { id: string } | null | undefined }) =>
    listed.webhook?.id === hook.dialpad_webhook_id;
  const [calls, messages] = await Promise.all([
    client.listCallSubscriptions(),
    client.listSmsSubscriptions(),
  ]);
  const known = new Map<string, Known>();
  for (const one of hook.subscriptions) known.set(`${one.type} ${one.subscription_id}`, one);
  for (const { id } of calls.filter(ofHook)) known.set(`call ${id}`, { type: 'call', subscription_id: id });
  for (const { id } of messages.filter(ofHook)) known.set(`sms ${id}`, { type: 'sms', subscription_id: id });
  for (const one of known.values()) await unsubscribe(client, one);
  await gone(client.deleteWebhook(hook.dialpad_webhook_id));
}
