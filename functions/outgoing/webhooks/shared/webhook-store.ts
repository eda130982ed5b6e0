import { isDeepStrictEqual } from 'node:util';
import { type SQL, sql } from 'drizzle-orm/sql';
import type { Caller } from '#core/callers/caller.ts';
import { hostOf } from '#core/clients/outgoing/url.ts';
import type { Context } from '#core/context.ts';
import { enterCompany } from '#core/database/acting.ts';
import { callersCompany } from '#core/database/filters.ts';
import { newId } from '#core/database/ids.ts';
import { listOf, type PageInput, type Read } from '#core/database/page.ts';
import { itemOf, oneRow } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { decryptSecret, encryptSecret, placeOf } from '#core/security/secrets.ts';
import { wake } from '#core/work/queue.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { lockSettings, maxWebhooks, requireRoom } from '#identity/settings/public.ts';
import { type HeadersOwner, headersOf, headersPlace } from './custom-headers.ts';
import { makeWebhookSecret } from './signing.ts';
import {
  type NewWebhook,
  overlapHours,
  Webhook,
  type WebhookChanges,
  type WebhookSettings,
  webhookShape,
  webhookTold,
} from './webhook.ts';
import { noWebhook, ofWholeCompany, requireWholeCompany } from './webhook-access.ts';

/** Webhooks, newest first. */
export function webhookList(input: PageInput, where: SQL): Read {
  const { limit, offset, page, cursor, ...identity } = input;
  return listOf({
    shape: webhookShape,
    from: sql`${webhookEndpoints}`,
    id: webhookEndpoints.id,
    where: [where],
    sort: { by: webhookEndpoints.id, kind: 'id' },
    identity: { list: 'webhooks', ...identity },
    input,
  });
}

export const ownWebhooks = (caller: Caller, input: PageInput): Read =>
  ofWholeCompany(caller, webhookList(input, callersCompany(webhookEndpoints.companyId)));

async function readWebhook(tx: Tx, id: string): Promise<Webhook> {
  return await itemOf(
    tx,
    Webhook,
    sql`select ${asJson(webhookShape)} as item from ${webhookEndpoints} where ${webhookEndpoints.id} = ${id}::uuid`,
    noWebhook,
  );
}

type StoredWebhook = Omit<WebhookSettings, 'headers'> & { headerNames: string[] };

const storedSettings = sql`url, events, description, is_active as "isActive", header_names as "headerNames"`;

/** What of a webhook is stored encrypted, as it is behind a lock that was asked for before. */
const ciphertextsOf = (tx: Tx, id: string) =>
  rowsOf<{ secret: string | null; headers: string | null }>(
    tx,
    sql`select secret, headers from private.webhook_ciphertexts(${id}::uuid)`,
  );

/** Encrypted, or null where there are none. */
const storedHeaders = (owner: HeadersOwner, headers: Record<string, string>): string | null =>
  Object.keys(headers).length === 0 ? null : encryptSecret(JSON.stringify(headers), headersPlace(owner));

const storedSecret = (id: string, companyId: string, secret: string): string =>
  encryptSecret(secret, placeOf('webhook_endpoints.secret', { id, company_id: companyId }));

/**
 * Headers mostly are credentials for the receiver they were set for.
 * @throws AppError VALIDATION_FAILED where a change would send them elsewhere.
 */
function requireHeadersAgain(before: WebhookSettings, changes: WebhookChanges): void {
  const { origin } = new URL(before.url);
  const isElsewhere = changes.url !== undefined && new URL(changes.url).origin !== origin;
  if (!isElsewhere || changes.headers !== undefined || Object.keys(before.headers).length === 0) return;
  const message = `must be given again, or as {}: they were set for ${origin}`;
  throw invalidField('headers', message, `headers ${message}. Nothing was changed.`);
}

/** Of a program's key, the person who made it. */
function makerOf({ caller }: Context): SQL {
  if (caller.kind === 'user') return sql`${caller.userId}::uuid`;
  if (caller.kind === 'key')
    return sql`(select k.user_id from api_keys k where k.id = ${caller.keyId}::uuid)`;
  return sql`null::uuid`;
}

/**
 * Makes a webhook of a company, with a secret of its own.
 * @throws AppError CONFLICT when the company has as many as it may, NOT_FOUND when it is gone.
 */
export async function createWebhook(
  ctx: Context,
  companyId: string,
  input: NewWebhook,
): Promise<Webhook & { secret: string }> {
  requireWholeCompany(ctx.caller);
  const secret = makeWebhookSecret();
  const id = newId();
  const { url, events, isActive, description = null } = input;
  const headers = input.headers ?? {};
  return await ctx.db(async (tx) => {
    await enterCompany(tx, ctx, companyId);
    await lockSettings(tx, companyId);
    await requireRoom(tx, companyId, 'webhooks');
    const [made] = await rowsOf<{ id: string }>(
      tx,
      sql`insert into webhook_endpoints
          (id, company_id, url, host, events, description, is_active, headers, header_names, secret, created_by)
        select ${id}::uuid, ${companyId}::uuid, ${url}, ${hostOf(url)}, ${textArray(events)}, ${description}::text, ${isActive}::boolean,
          ${storedHeaders({ id, companyId, url }, headers)}::text, ${textArray(Object.keys(headers))}, ${storedSecret(id, companyId, secret)}, ${makerOf(ctx)}
        where private.count_of_company('webhooks') < ${maxWebhooks}::int
        returning id`,
    );
    if (!made) {
      throw new AppError('CONFLICT', {
        message: `A company has at most ${maxWebhooks} webhooks: delete one first.`,
      });
    }
    audit(tx, ctx, {
      companyId,
      action: 'webhook.created',
      resource: { type: 'webhook', id: made.id },
      after: webhookTold({ url, events, description, isActive, headers: Object.keys(headers) }),
    });
    return { ...(await readWebhook(tx, made.id)), secret };
  });
}

/** What is forgotten when an address is new, or a webhook is switched on: how its last attempts went. */
const freshStart = sql`failures = 0, failing_since = null, paused_until = null, told_at = null`;

/** Changes what is given of a webhook. @throws AppError NOT_FOUND, VALIDATION_FAILED */
export async function updateWebhook(ctx: Context, id: string, changes: WebhookChanges): Promise<Webhook> {
  requireWholeCompany(ctx.caller);
  const { companyId } = ctx;
  return await ctx.db(async (tx) => {
    const [row, [encrypted]] = await Promise.all([
      oneRow<StoredWebhook>(
        tx,
        sql`select ${storedSettings} from webhook_endpoints where id = ${id}::uuid for no key update`,
        noWebhook,
      ),
      ciphertextsOf(tx, id),
    ]);
    const { headerNames: _, ...stored } = row;
    const before: WebhookSettings = {
      ...stored,
      headers: headersOf({ id, companyId, url: row.url }, encrypted?.headers ?? null),
    };
    requireHeadersAgain(before, changes);
    const { url = before.url, events = before.events, isActive = before.isActive } = changes;
    const { description = before.description, headers = before.headers } = changes;
    const after: WebhookSettings = { url, events, description, isActive, headers: headers ?? {} };
    const fields = Object.keys(before) as (keyof WebhookSettings)[]; // the object's own names
    const changed = fields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
    if (changed.length === 0) return await readWebhook(tx, id);
    const isSwitchedOn = after.isActive && !before.isActive;
    const isFresh = isSwitchedOn || changed.includes('url');
    await rowsOf(
      tx,
      sql`update webhook_endpoints set url = ${after.url}, host = ${hostOf(after.url)},
          events = ${textArray(after.events)}, description = ${after.description}::text,
          is_active = ${after.isActive}::boolean, header_names = ${textArray(Object.keys(after.headers))},
          headers = ${storedHeaders({ id, companyId, url }, after.headers)}::text
          ${changed.includes('url') ? sql`, url_by = ${makerOf(ctx)}, url_at = now()` : sql``}
          ${changed.includes('headers') ? sql`, headers_by = ${makerOf(ctx)}, headers_at = now()` : sql``}
          ${isFresh ? sql`, ${freshStart}` : sql``}
          ${isSwitchedOn ? sql`, disabled_at = null, disabled_reason = null` : sql``}
        where id = ${id}::uuid`,
    );
    const told = (settings: WebhookSettings) => {
      const all = webhookTold({ ...settings, headers: Object.keys(settings.headers) });
      return Object.fromEntries(changed.map((field) => [field, all[field]]));
    };
    audit(tx, ctx, {
      companyId,
      action: 'webhook.updated',
      resource: { type: 'webhook', id },
      before: told(before),
      after: told(after),
    });
    if (isFresh && after.isActive) wake('deliveries', [id], { after: tx });
    return await readWebhook(tx, id);
  });
}

/** Deletes a webhook with its deliveries. @throws AppError NOT_FOUND */
export async function deleteWebhook(ctx: Context, id: string): Promise<{ id: string; url: string }> {
  requireWholeCompany(ctx.caller);
  // A sender locks deliveries, then the webhook; here it is the other way round. Postgres ends one of two that wait for each
  // other, and ctx.db runs it again.
  return await ctx.db((tx) => deleteIn(tx, ctx, id));
}

async function deleteIn(tx: Tx, ctx: Context, id: string): Promise<{ id: string; url: string }> {
  const { companyId } = ctx;
  const gone = await oneRow<StoredWebhook>(
    tx,
    sql`delete from webhook_endpoints where id = ${id}::uuid returning ${storedSettings}`,
    noWebhook,
  );
  const { headerNames, ...rest } = gone;
  audit(tx, ctx, {
    companyId,
    action: 'webhook.deleted',
    resource: { type: 'webhook', id },
    before: webhookTold({ ...rest, headers: headerNames }),
  });
  return { id, url: gone.url };
}

/** A secret that becomes the one before; null where it cannot be read, so that a new one mends it. */
function asPrevious(ctx: Context, id: string, companyId: string, stored: string): string | null {
  try {
    const owner = { id, company_id: companyId };
    const plain = decryptSecret(stored, placeOf('webhook_endpoints.secret', owner));
    return encryptSecret(plain, placeOf('webhook_endpoints.previous_secret', owner));
  } catch (error) {
    ctx.log.error({ endpointId: id, err: error }, 'the secret of a webhook cannot be decrypted');
    return null;
  }
}

/**
 * Gives a webhook a new secret. The one before it signs along for a day, so that the receiver can change over; one that
 * still did so from an earlier change does no more. @throws AppError NOT_FOUND
 */
export async function regenerateSecret(ctx: Context, id: string): Promise<Webhook & { secret: string }> {
  requireWholeCompany(ctx.caller);
  const { companyId } = ctx;
  const secret = makeWebhookSecret();
  return await ctx.db(async (tx) => {
    const [, [before]] = await Promise.all([
      oneRow(tx, sql`select 1 from webhook_endpoints where id = ${id}::uuid for no key update`, noWebhook),
      ciphertextsOf(tx, id),
    ]);
    if (!before?.secret) throw new Error('A webhook without a secret.'); // the column is not null
    await rowsOf(
      tx,
      sql`update webhook_endpoints set previous_secret = ${asPrevious(ctx, id, companyId, before.secret)}::text,
          secret = ${storedSecret(id, companyId, secret)}, secret_by = ${makerOf(ctx)}, secret_at = now(),
          rotation_ends_at = now() + make_interval(hours => ${overlapHours}::int)
        where id = ${id}::uuid`,
    );
    const webhook = await readWebhook(tx, id);
    audit(tx, ctx, {
      companyId,
      action: 'webhook.secret_regenerated',
      resource: { type: 'webhook', id },
      after: { previousUntil: webhook.rotationEndsAt },
    });
    return { ...webhook, secret };
  });
}
