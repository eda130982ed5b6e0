import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/db.ts';
import { dialpadApiUrl, env } from '#core/env.ts';
import { decryptSecret, placeOf } from '#core/secrets.ts';
import { dialpadHistory } from '#providers/dialpad/history.ts';
import { retellHistory } from '#providers/retell/history.ts';
import { dialpadAccount, dialpadConnections } from '../../dialpad-connect/public.ts';
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
    accounts.push({ provider: 'retell', history: retellHistory, account, fallback });
  }
  if (DIALPAD_API_KEY) {
    const account = { token: DIALPAD_API_KEY, baseUrl: dialpadApiUrl() };
    accounts.push({ provider: 'dialpad', history: dialpadHistory, account, fallback });
  }
  const own = await ctx.dbAsService('find the companies’ own Retell accounts', (tx) =>
    rowsOf<{ company_id: string; app_id: string | null; external_id: string; secret: string }>(
      tx,
      sql`select company_id, app_id, external_id, secret from provider_links
        where provider = 'retell' and kind = 'company' and secret is not null`,
    ),
  );
  for (const { company_id, app_id, external_id, secret } of own) {
    const place = placeOf('provider_links.secret', {
      ...{ company_id, provider: 'retell', kind: 'company', external_id },
    });
    const account = { token: decryptSecret(secret, place), baseUrl: RETELL_API_URL };
    const owner = { companyId: company_id, appId: app_id };
    accounts.push({ provider: 'retell', history: retellHistory, account, fallback: owner });
  }
  for (const { companyId, appId } of await dialpadConnections(ctx)) {
    try {
      const account = await dialpadAccount(ctx, appId);
      accounts.push({
        provider: 'dialpad',
        history: dialpadHistory,
        account,
        fallback: { companyId, appId },
      });
    } catch (error) {
      ctx.log.warn({ appId, err: error }, 'a Dialpad connection cannot be used for the refill');
    }
  }
  return accounts;
}
