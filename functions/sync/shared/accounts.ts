import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/db.ts';
import { env } from '#core/env.ts';
import { decryptSecret, placeOf } from '#core/secrets.ts';
import type { ProviderAccount } from '#providers/history.ts';

/** A Retell account, and whose calls it holds. */
export interface RetellAccount extends ProviderAccount {
  /** The company that the account belongs to; null for the deployment's own, which serves whoever linked its agents. */
  companyId: string | null;
}

const baseUrl = () => env().RETELL_API_URL;

/** A company's own Retell account where it has one, else the deployment's. Undefined: there is neither. */
export async function retellAccountOf(ctx: Context, companyId: string): Promise<RetellAccount | undefined> {
  const [own] = await ctx.dbAsService('read the Retell key of the company that is synced', (tx) =>
    rowsOf<{ external_id: string; secret: string }>(
      tx,
      sql`select external_id, secret from provider_links
        where company_id = ${companyId}::uuid and provider = 'retell' and kind = 'company' and secret is not null limit 1`,
    ),
  );
  if (own) {
    const { external_id, secret } = own;
    const row = { company_id: companyId, provider: 'retell', kind: 'company', external_id };
    return {
      token: decryptSecret(secret, placeOf('provider_links.secret', row)),
      baseUrl: baseUrl(),
      companyId,
    };
  }
  const { RETELL_API_KEY } = env();
  return RETELL_API_KEY ? { token: RETELL_API_KEY, baseUrl: baseUrl(), companyId: null } : undefined;
}

export interface LinkedAgents {
  /** The Retell agents that are linked to this company. */
  mine: string[];
  /** Those linked to any other one. */
  others: Set<string>;
}

export async function linkedAgents(ctx: Context, companyId: string): Promise<LinkedAgents> {
  const rows = await ctx.dbAsService('tell whose Retell agents are whose', (tx) =>
    rowsOf<{ external_id: string; is_mine: boolean }>(
      tx,
      sql`select external_id, company_id = ${companyId}::uuid as is_mine from provider_links
        where provider = 'retell' and kind = 'agent'`,
    ),
  );
  return {
    mine: rows.filter(({ is_mine }) => is_mine).map(({ external_id }) => external_id),
    others: new Set(rows.filter(({ is_mine }) => !is_mine).map(({ external_id }) => external_id)),
  };
}

/** Whether this company owns what nobody has linked, at this account. */
export const ownsUnlinked = (account: RetellAccount, companyId: string): boolean =>
  account.companyId === companyId || env().DEFAULT_COMPANY_ID === companyId;

/** Every company whose Retell calls are synced: those with a linked agent or an account of their own, and the default one. */
export async function companiesWithRetell(ctx: Context): Promise<string[]> {
  const rows = await ctx.dbAsService('find the companies that use Retell', (tx) =>
    rowsOf<{ company_id: string }>(
      tx,
      sql`select distinct company_id from provider_links where provider = 'retell'`,
    ),
  );
  const ids = new Set(rows.map(({ company_id }) => company_id));
  const { DEFAULT_COMPANY_ID, RETELL_API_KEY } = env();
  if (DEFAULT_COMPANY_ID && RETELL_API_KEY) ids.add(DEFAULT_COMPANY_ID);
  return [...ids];
}
