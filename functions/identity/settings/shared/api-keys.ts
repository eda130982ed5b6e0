import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { type Role, type Scope, scopes } from '#core/callers/caller.ts';
import { permissions, permissionsOf } from '#core/callers/permissions.ts';
import { shapeOf } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError, invalidField } from '#core/errors.ts';
import { apiKeys } from '#db/schema/apps.ts';

export const maxKeysOfAPerson = 50;

/** A person's key as it is shown; the key itself is only in the answer that makes it. */
export const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('The part that is safe to show, to recognise the key by.'),
    scopes: z.array(z.string()).describe('What it may do, as long as its maker may.'),
    status: z.enum(['live', 'expired', 'revoked']),
    userId: z.uuid().describe('Its maker, as whom it acts.'),
    userName: z.string().nullable(),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable().describe('To the minute.'),
    expiresAt: z.iso.datetime().nullable(),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' });

/** Keys that count: they were neither revoked nor have they expired. */
export const liveKeys = sql`revoked_at is null and (expires_at is null or expires_at > now())`;

export const keyStatus = sql`case when ${apiKeys.revokedAt} is not null then 'revoked'
  when ${apiKeys.expiresAt} <= now() then 'expired' else 'live' end`;

export const apiKeyShape = shapeOf(ApiKey, {
  id: apiKeys.id,
  name: apiKeys.name,
  prefix: apiKeys.prefix,
  scopes: apiKeys.scopes,
  status: keyStatus,
  userId: apiKeys.userId,
  userName: sql`(select u.name from users u where u.id = ${apiKeys.userId})`,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
});

/** The scopes of keys that this role allows. Being a platform admin adds none: keys act within their company. */
export function scopesOf(role: Exclude<Role, 'platform_admin'>): Scope[] {
  const allowed = permissionsOf(role);
  return scopes.filter((scope) => allowed.includes(scope));
}

/** @throws AppError FORBIDDEN that names the scopes which the role does not allow. */
export function requireScopes(wanted: readonly Scope[], role: Exclude<Role, 'platform_admin'>): void {
  const allowed = new Set(scopesOf(role));
  const refused = wanted.filter((scope) => !allowed.has(scope));
  if (refused.length === 0) return;
  throw new AppError('FORBIDDEN', {
    message: `A key can do no more than its maker: the role ${role} does not allow ${refused.join(', ')}.`,
    details: refused.map((scope) => ({
      path: 'scopes',
      message: `${scope} needs the role ${permissions[scope]}`,
    })),
  });
}

/** How many keys of a person work in this company. */
export async function countLiveKeys(tx: Tx, companyId: string, userId: string): Promise<number> {
  const [row] = await rowsOf<{ count: number }>(
    tx,
    sql`select count(*)::int as count from api_keys
      where company_id = ${companyId}::uuid and user_id = ${userId}::uuid and ${liveKeys}`,
  );
  return row?.count ?? 0;
}

/** When a new key ends; null: never. @throws AppError VALIDATION_FAILED for both ways at once, or a time that is over. */
export function expiryOf(
  { expiresAt, expiresInDays }: { expiresAt?: string | undefined; expiresInDays?: number | undefined },
  now: Date,
): string | null {
  const refuse = (message: string) => invalidField('expiresAt', message);
  if (expiresAt !== undefined && expiresInDays !== undefined)
    throw refuse('may not be given together with expiresInDays');
  if (expiresInDays !== undefined) return new Date(now.getTime() + expiresInDays * 86_400_000).toISOString();
  if (expiresAt === undefined) return null;
  if (Date.parse(expiresAt) <= now.getTime()) throw refuse('must lie in the future');
  return expiresAt;
}
