import { sql } from 'drizzle-orm/sql';
import { asJson } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { providerHooks } from '#db/schema/provider-links.ts';
import type { App } from '../../apps/public.ts';
import { Hook, hookIs, hookIsLive, hookShape, provider, type Subscription } from './hook.ts';

const parsed = (row: { item: string } | undefined): Hook | undefined =>
  row && Hook.parse(JSON.parse(row.item));

/** The live webhook of this id, of this app where one is named. @throws AppError NOT_FOUND */
export async function findHook(tx: Tx, webhookId: string, appId?: string): Promise<Hook> {
  const [row] = await rowsOf<{ item: string }>(
    tx,
    sql`select ${asJson(hookShape)} as item from ${providerHooks} where ${hookIsLive} and ${hookIs(webhookId)}
        and ${appId === undefined ? sql`true` : sql`${providerHooks.appId} = ${appId}::uuid`}
      order by ${providerHooks.id} desc limit 1`,
  );
  const hook = parsed(row);
  if (!hook) throw new AppError('NOT_FOUND', { message: 'No webhook has this webhook_id.' });
  return hook;
}

/** The app's newest live webhook. @throws AppError CONFLICT when it has none. */
export async function newestHook(tx: Tx, appId: string): Promise<Hook> {
  const [row] = await rowsOf<{ item: string }>(
    tx,
    sql`select ${asJson(hookShape)} as item from ${providerHooks}
      where ${hookIsLive} and ${providerHooks.appId} = ${appId}::uuid order by ${providerHooks.id} desc limit 1`,
  );
  const hook = parsed(row);
  if (hook) return hook;
  throw new AppError('CONFLICT', {
    message: `The app has no webhook to subscribe yet: POST /internal/webhooks/create?app_id=${appId} first.`,
  });
}

/** @throws AppError CONFLICT when the app has a live webhook with this address. */
export async function refuseSameAddress(tx: Tx, appId: string, hookUrl: string): Promise<void> {
  const [known] = await rowsOf<{ id: string }>(
    tx,
    sql`select id from ${providerHooks} where ${hookIsLive} and ${providerHooks.appId} = ${appId}::uuid
      and ${providerHooks.hookUrl} = ${hookUrl}`,
  );
  if (known) throw sameAddress(known.id);
}

export const sameAddress = (webhookId?: string) =>
  new AppError('CONFLICT', {
    message: `The app has a webhook with this address already${webhookId ? `: ${webhookId}. Use it, or DELETE /internal/webhooks/${webhookId} first` : ''}.`,
  });

export async function insertHook(
  tx: Tx,
  app: App,
  made: { dialpadId: string; hookUrl: string; secret: string },
): Promise<Hook> {
  const place = placeOf('provider_hooks.secret', {
    ...{ company_id: app.companyId, app_id: app.id, provider, external_id: made.dialpadId },
  });
  const [row] = await rowsOf<{ item: string }>(
    tx,
    sql`insert into ${providerHooks} (company_id, app_id, provider, external_id, hook_url, secret)
      values (${app.companyId}::uuid, ${app.id}::uuid, ${provider}, ${made.dialpadId}, ${made.hookUrl}, ${encryptSecret(made.secret, place)})
      returning ${asJson(hookShape)} as item`,
  );
  const hook = parsed(row);
  if (!hook) throw new Error('The webhook was not stored.');
  return hook;
}

/** @throws AppError CONFLICT when one of them repeats what the webhook is subscribed to. */
export function refuseRepeated(
  hook: Hook,
  wanted: readonly Pick<Subscription, 'type' | 'target_id'>[],
): void {
  for (const { type, target_id } of wanted) {
    const known = hook.subscriptions.find((have) => have.type === type && have.target_id === target_id);
    if (!known) continue;
    throw new AppError('CONFLICT', {
      message: `The webhook has a ${type} subscription for that already (${known.subscription_id}); a second one would send everything twice. To change it, delete the webhook and make it anew.`,
    });
  }
}

/** Adds to what the webhook is subscribed to. @throws AppError NOT_FOUND or CONFLICT, as another request was first. */
export async function addSubscriptions(
  tx: Tx,
  webhookId: string,
  made: readonly Subscription[],
): Promise<Hook> {
  await rowsOf(tx, sql`select 1 from ${providerHooks} where ${hookIs(webhookId)} for update`);
  refuseRepeated(await findHook(tx, webhookId), made);
  const [row] = await rowsOf<{ item: string }>(
    tx,
    sql`update ${providerHooks} set subscriptions = subscriptions || ${JSON.stringify(made)}::jsonb
      where ${hookIs(webhookId)} returning ${asJson(hookShape)} as item`,
  );
  const hook = parsed(row);
  if (!hook) throw new Error('The subscriptions were not stored.');
  return hook;
}

/** @returns the company whose it was; undefined where somebody else was first. */
export async function markDeleted(tx: Tx, webhookId: string): Promise<string | undefined> {
  const [row] = await rowsOf<{ company_id: string }>(
    tx,
    sql`update ${providerHooks} set deleted_at = now(), subscriptions = '[]' where ${hookIs(webhookId)} and ${hookIsLive}
      returning company_id`,
  );
  return row?.company_id;
}
