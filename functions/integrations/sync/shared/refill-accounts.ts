import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { dialpadApiUrl, env } from '#core/env.ts';
import {
  dialpadAccount,
  dialpadConnections,
  ownDialpad,
  ownRetell,
} from '#identity/provider-accounts/public.ts';
import { dialpadHistory } from '#providers/dialpad/history.ts';
import { retellHistory } from '#providers/retell/history.ts';
import type { RefillAccount } from './refill.ts';

/** Every account at a provider that we can ask: the deployment's own, and the companies'. */
export async function refillAccounts(
  ctx: Context,
  defaultCompanyId: string | undefined,
): Promise<RefillAccount[]> {
  const { RETELL_API_KEY, RETELL_API_URL, DIALPAD_API_KEY } = env();
  const fallback = defaultCompanyId === undefined ? undefined : { companyId: defaultCompanyId, appId: null };
  const accounts: RefillAccount[] = [];
  if (RETELL_API_KEY) {
    const account = { token: RETELL_API_KEY, baseUrl: RETELL_API_URL };
    accounts.push({ provider: 'retell', history: retellHistory, account, fallback, accountOf: null });
  }
  if (DIALPAD_API_KEY) {
    const account = { token: DIALPAD_API_KEY, baseUrl: dialpadApiUrl() };
    accounts.push({ provider: 'dialpad', history: dialpadHistory, account, fallback, accountOf: null });
  }
  return [...accounts, ...(await keyedAccounts(ctx)), ...(await connectedAccounts(ctx))];
}

/** The accounts whose keys companies have set. One that cannot be read must not hold up the others. */
async function keyedAccounts(ctx: Context): Promise<RefillAccount[]> {
  const accounts: RefillAccount[] = [];
  const keys = await ctx.dbAs('pipeline', 'find the companies’ own keys', (tx) =>
    rowsOf<{ company_id: string; integration: 'retell' | 'dialpad' }>(
      tx,
      sql`select s.company_id, s.integration from company_integration_secrets s join companies c on c.id = s.company_id
        where s.integration in ('retell', 'dialpad') and s.name = 'apiKey' and c.deleted_at is null
        order by s.company_id, s.integration`,
    ),
  );
  for (const { company_id: companyId, integration: provider } of keys) {
    try {
      const own = await (provider === 'retell' ? ownRetell : ownDialpad)(ctx, companyId);
      if (!own) continue;
      const history = provider === 'retell' ? retellHistory : dialpadHistory;
      const fallback = { companyId, appId: null };
      const { connectedAt } = own;
      accounts.push({ provider, history, account: own, fallback, accountOf: companyId, connectedAt });
    } catch (error) {
      ctx.log.error({ companyId, provider, err: error }, 'a company’s own key cannot be used for the refill');
    }
  }
  return accounts;
}

async function connectedAccounts(ctx: Context): Promise<RefillAccount[]> {
  const accounts: RefillAccount[] = [];
  for (const { companyId, appId, connectedAt } of await dialpadConnections(ctx)) {
    try {
      const account = await dialpadAccount(ctx, appId);
      const fallback = { companyId, appId };
      accounts.push({
        provider: 'dialpad',
        history: dialpadHistory,
        account,
        fallback,
        accountOf: companyId,
        connectionOf: appId,
        connectedAt,
      });
    } catch (error) {
      ctx.log.warn({ appId, err: error }, 'a Dialpad connection cannot be used for the refill');
    }
  }
  return accounts;
}
