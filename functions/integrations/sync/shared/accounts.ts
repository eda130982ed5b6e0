import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { deploymentRetell, ownRetell } from '#identity/provider-accounts/public.ts';
import type { ProviderAccount } from '#providers/history.ts';

/** A Retell account, and whose calls it holds. */
export interface RetellAccount extends ProviderAccount {
  /** The company that the account belongs to; null for the deployment's own, which serves those that its agents are linked to. */
  companyId: string | null;
  /** When the company set its key. Absent: the deployment's own account. */
  connectedAt?: Date;
}

/** For whom a company's Retell is worked with: all of it, or what is linked to one of its apps. */
export interface Scope {
  companyId: string;
  /** The app whose key asks; null: the whole company. */
  appId: string | null;
}

/** The company and app of the calling person or key. */
export function scopeOf(ctx: Context): Scope {
  const { caller, companyId } = ctx;
  return { companyId, appId: caller.kind === 'key' ? caller.appId : null };
}

/** A company's own Retell account where it has one, else the deployment's. Undefined: there is neither. */
export async function retellAccountOf(ctx: Context, companyId: string): Promise<RetellAccount | undefined> {
  const own = await ownRetell(ctx, companyId);
  if (own) return { ...own, companyId };
  const shared = deploymentRetell();
  return shared && { ...shared, companyId: null };
}

export interface LinkedAgents {
  /** The Retell agents that are linked to this company, and to this app where the scope has one. */
  mine: Set<string>;
  /** Those linked to any other company or app. */
  others: Set<string>;
}

/** Whose Retell agents are whose, as far as it is proved. */
export async function linkedAgents(ctx: Context, { companyId, appId }: Scope): Promise<LinkedAgents> {
  const rows = await ctx.dbAs('pipeline', 'tell whose Retell agents are whose', (tx) =>
    rowsOf<{ external_id: string; is_mine: boolean }>(
      tx,
      sql`select external_id, company_id = ${companyId}::uuid
            and (${appId}::uuid is null or app_id = ${appId}::uuid) is true as is_mine
          from provider_links
          where provider = 'retell' and kind = 'agent' and proof is not null`,
    ),
  );
  const idsOf = (isMine: boolean) =>
    new Set(rows.filter(({ is_mine }) => is_mine === isMine).map(({ external_id }) => external_id));
  return { mine: idsOf(true), others: idsOf(false) };
}

/** Whether what nobody has linked at this account is the scope's: never an app's. */
export const ownsUnlinked = (account: RetellAccount, { companyId, appId }: Scope): boolean =>
  appId === null && companyId === (account.companyId ?? env().DEFAULT_COMPANY_ID);

/**
 * Tells which agents of an account are the scope's. At a company's own account all are, also one that is linked elsewhere;
 * at the deployment's those that are linked to it, and for the default company those that are linked to nobody.
 */
export async function ownershipOf(
  ctx: Context,
  account: RetellAccount,
  scope: Scope,
): Promise<(agentId: string) => boolean> {
  const takesUnlinked = ownsUnlinked(account, scope);
  if (takesUnlinked && account.companyId !== null) return () => true;
  const { mine, others } = await linkedAgents(ctx, scope);
  return (agentId) => mine.has(agentId) || (takesUnlinked && !others.has(agentId));
}

/** Every company whose Retell calls are synced: those with a proved agent or a key of their own, and the default one. */
export async function companiesWithRetell(ctx: Context): Promise<string[]> {
  const rows = await ctx.dbAs('pipeline', 'find the companies that use Retell', (tx) =>
    rowsOf<{ company_id: string }>(
      tx,
      sql`select c.id as company_id from companies c where c.deleted_at is null and (
          exists (select from provider_links l where l.company_id = c.id and l.provider = 'retell' and l.proof is not null)
          or exists (select from company_integration_secrets s
            where s.company_id = c.id and s.integration = 'retell' and s.name = 'apiKey'))`,
    ),
  );
  const ids = new Set(rows.map(({ company_id }) => company_id));
  const { DEFAULT_COMPANY_ID, RETELL_API_KEY } = env();
  if (DEFAULT_COMPANY_ID && RETELL_API_KEY) ids.add(DEFAULT_COMPANY_ID);
  return [...ids];
}
