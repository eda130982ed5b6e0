import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { makeApiKey, type NewApiKey } from '#core/callers/api-key.ts';
import { scopes } from '#core/callers/caller.ts';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import type { App } from './app-store.ts';
import type { KeyAction } from './key-actions.ts';

export const Scopes = z
  .array(z.enum([...scopes, '*']))
  .min(1)
  .max(scopes.length + 1)
  .transform((list) => [...new Set(list)]);

/** What an app may do unless it is said: read and write, but neither run syncs nor connect accounts, nor manage what is the whole company's. */
export const defaultScopes = scopes.filter(
  (scope) => /:(read|write)$/.test(scope) && !scope.startsWith('webhooks:'),
);

/** An app's key as it is shown when it is made: the only time that `api_key` is. */
export const IssuedKey = z
  .object({
    app_id: z.uuid(),
    api_key: z.string().describe('Shown this once: keep it. Send it as x-app-api-key or x-api-key.'),
    key_id: z.uuid(),
    key_prefix: z.string().describe('The part that is safe to show, to recognise the key by.'),
    scopes: z.array(z.string()),
  })
  .meta({ id: 'IssuedAppKey' });

export const keyIsLive: SQL = sql`revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`;

interface AuditEntry {
  keyId: string;
  /** What is refused, the door writes itself. */
  action: Exclude<KeyAction, 'refused'>;
  reason: string | null;
}

/** Kept with the change itself: both or neither. */
export async function auditKeys(
  tx: Tx,
  ctx: Context,
  app: App,
  entries: readonly AuditEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await rowsOf(
    tx,
    sql`insert into api_key_audit (company_id, app_id, key_id, action, reason, ip, at)
      select ${app.companyId}::uuid, ${app.id}::uuid, r."keyId", r.action, left(r.reason, 200),
        ${ctx.ip === '' ? null : ctx.ip.slice(0, 64)}, clock_timestamp()
      from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) as r ("keyId" uuid, action text, reason text)`,
  );
  for (const { keyId, action, reason } of entries) {
    audit(tx, ctx, {
      companyId: app.companyId,
      action: `key.${action}`,
      resource: { type: 'api_key', id: keyId },
      after: { appId: app.id, reason },
    });
  }
}

/** Makes a key of the app. The key itself is in the answer only: the database has its keyed hash. */
export async function issueKey(
  tx: Tx,
  app: App,
  granted: readonly string[],
): Promise<NewApiKey & { id: string }> {
  const made = makeApiKey();
  const [row] = await rowsOf<{ id: string }>(
    tx,
    sql`insert into api_keys (company_id, app_id, name, prefix, key_hash, scopes, created_at)
      values (${app.companyId}::uuid, ${app.id}::uuid, ${app.name}, ${made.prefix}, ${made.hash}::bytea,
        ${textArray(granted)}, clock_timestamp())
      returning id`,
  );
  return { ...made, id: row?.id ?? '' };
}

interface EndedKey {
  key_id: string;
  key_prefix: string;
  works_until: string | null;
}

/** Ends what works now. A key that is in the grace of an earlier rotation gets no longer one. */
export async function endLiveKeys(tx: Tx, appId: string, graceSeconds: number): Promise<EndedKey[]> {
  const ending =
    graceSeconds === 0
      ? sql`revoked_at = clock_timestamp()`
      : sql`expires_at = least(expires_at, clock_timestamp() + make_interval(secs => ${graceSeconds}::int))`;
  const rows = await rowsOf<{ id: string; prefix: string; until: string | null }>(
    tx,
    sql`update api_keys set ${ending} where app_id = ${appId}::uuid and ${keyIsLive}
      returning id, prefix, case when revoked_at is null
        then to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end as until`,
  );
  return rows.map(({ id, prefix, until }) => ({ key_id: id, key_prefix: prefix, works_until: until }));
}
