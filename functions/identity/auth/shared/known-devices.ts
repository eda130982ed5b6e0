import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { atCommit, rowsOf, type Tx } from '#core/database/transaction.ts';
import { LoggedIn } from './account.ts';
import { userAgentOf } from './person.ts';
import { hashToken, makeToken, tokenInput } from './secret-tokens.ts';

/** Where a person does not come from a browser that sends the header. */
export const deviceTokenInput = tokenInput
  .optional()
  .describe('`deviceToken` of an earlier answer, as the header `x-device-token` may give it too.');

export const DeviceToken = z
  .string()
  .describe(
    'Tells this device again: send it with each login. A known device gets in though others have locked the account.',
  );

/** The answer to a login that makes its device a known one. */
export const LoggedInOnDevice = LoggedIn.extend({ deviceToken: DeviceToken }).meta({
  id: 'LoggedInOnDevice',
});

/** Of a person; a program that never sends its token makes a new one with each login. */
const maxDevices = 50;

const fitting = (token: string | null | undefined): string | undefined =>
  tokenInput.safeParse(token ?? undefined).data;

/** The device token that the caller shows, in the body or the header. */
export const shownDevice = (ctx: Context, given: string | undefined): string | undefined =>
  fitting(given) ?? fitting(ctx.headers.get('x-device-token'));

/** Makes the caller's device one that the person is known to use, with the commit. @returns its token. */
export function rememberDevice(tx: Tx, ctx: Context, userId: string): string {
  const token = makeToken('dt');
  atCommit(
    tx,
    sql`with least_used as (
        delete from known_devices where token_hash in (
          select token_hash from known_devices where user_id = ${userId}::uuid
           order by last_used_at desc offset ${maxDevices - 1}::int for update skip locked))
      insert into known_devices (token_hash, user_id, user_agent)
      values (${hashToken(token)}::bytea, ${userId}::uuid, ${userAgentOf(ctx)})`,
  );
  return token;
}

/** Whether it is one of the person's known devices; notes that it was used. */
export async function useDevice(tx: Tx, userId: string, token: string | undefined): Promise<boolean> {
  if (token === undefined) return false;
  const used = await rowsOf(
    tx,
    sql`update known_devices set last_used_at = now()
      where token_hash = ${hashToken(token)}::bytea and user_id = ${userId}::uuid returning 1`,
  );
  return used.length > 0;
}

/** Knows none of a person's devices any more, but for the one with this token. */
export async function forgetDevices(tx: Tx, userId: string, except?: string | undefined): Promise<void> {
  await rowsOf(
    tx,
    sql`delete from known_devices where user_id = ${userId}::uuid
      and token_hash is distinct from ${except === undefined ? null : hashToken(except)}::bytea`,
  );
}
