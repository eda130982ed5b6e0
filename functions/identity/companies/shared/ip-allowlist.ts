import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { sqlStateOf } from '#core/database/database-errors.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { invalidField } from '#core/errors.ts';
import { callingPerson } from '../../auth/public.ts';

const Range = z
  .union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], {
    error: 'must be an address or a range, such as 203.0.113.7 or 203.0.113.0/24',
  })
  .meta({ example: '203.0.113.0/24' });

export const IpAllowlist = z
  .array(Range)
  .min(1, 'must name at least one range; null lets everyone in')
  .max(200)
  .nullable()
  .describe('From where people and keys may come; null: from anywhere. It must let in whoever sets it.');

const refused = (message: string) => invalidField('ipAllowlist', message);

/**
 * Stores from where the company may be used; addresses within a range are written as the range.
 * @throws AppError VALIDATION_FAILED for a list that would lock out the caller, of whose own company it is.
 */
export async function storeAllowlist(
  tx: Tx,
  ctx: Context,
  companyId: string,
  list: readonly string[] | null,
): Promise<void> {
  if (list === null) {
    await rowsOf(
      tx,
      sql`update companies set ip_allowlist = null, ip_allowlist_set_by = null, ip_allowlist_set_at = null where id = ${companyId}::uuid`,
    );
    return;
  }
  const [stored] = await rowsOf<{ lets_in: boolean | null }>(
    tx,
    sql`update companies set ip_allowlist = (
          select array_agg(distinct network(private.plain_inet(r::inet))::cidr) from unnest(${textArray(list)}) r),
          ip_allowlist_set_by = ${callingPerson(ctx).userId}::uuid, ip_allowlist_set_at = now()
        where id = ${companyId}::uuid
        returning private.as_inet(${ctx.ip}) <<= any (ip_allowlist) as lets_in`,
  ).catch((error: unknown) => {
    if (sqlStateOf(error).startsWith('22')) throw refused('holds something that is no range of addresses');
    throw error;
  });
  if (companyId !== ctx.companyId || stored?.lets_in) return;
  throw refused(
    ctx.ip === ''
      ? 'cannot be set from here: your own address is not known, so that it might lock you out'
      : `would lock you out: add your own address, ${ctx.ip}`,
  );
}
