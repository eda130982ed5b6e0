import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { newId } from '#core/database/ids.ts';
import { textArray } from '#core/database/statement.ts';
import { storableText } from '#core/database/storable.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import {
  databaseTime,
  keepListing,
  listAgents,
  managesSharedAccounts,
} from '#identity/provider-accounts/public.ts';
import { type RetellClient, retellClient } from '#providers/retell/client.ts';
import type { RetellAgent } from '#providers/retell/event.ts';
import { ownershipOf, type RetellAccount, retellAccountOf, type Scope } from './accounts.ts';

export interface AgentSyncResult {
  agentsSynced: number;
  agentsUpdated: number;
}

/** A Retell account in which agents may be made and changed for a company. */
export interface AgentsAccount {
  client: RetellClient;
  /** Whether it is the company's own, not the deployment's. */
  isOwn: boolean;
  /** Whether an agent there is the scope's: of the company, and of the app where its key asks. */
  isOurs(agentId: string): boolean;
}

/**
 * Where agents are made and changed for a company: in its own account, else in the deployment's if a platform admin let
 * the company.
 * @throws AppError UNAVAILABLE where there is no account, FORBIDDEN without that permission.
 */
export async function agentsAccount(ctx: Context, scope: Scope): Promise<AgentsAccount> {
  const account = await retellAccountOf(ctx, scope.companyId);
  if (!account) {
    throw new AppError('UNAVAILABLE', {
      message:
        'There is no Retell account: set the key of your own with PUT /api/settings { "integrations": { "retell": { "apiKey": "…" } } }, or have the operator set RETELL_API_KEY.',
    });
  }
  if (account.companyId === null) await requireShared(ctx, scope.companyId);
  return {
    client: retellClient({ apiKey: account.token, baseUrl: account.baseUrl }),
    isOwn: account.companyId !== null,
    isOurs: await ownershipOf(ctx, account, scope),
  };
}

async function requireShared(ctx: Context, companyId: string): Promise<void> {
  const may = await ctx.dbAs('pipeline', 'see whether a company may manage shared accounts', (tx) =>
    managesSharedAccounts(tx, companyId),
  );
  if (may) return;
  throw new AppError('FORBIDDEN', {
    message:
      'Only the deployment has a Retell account, and your company may not create or change agents in it. Either set the key of your own account with PUT /api/settings { "integrations": { "retell": { "apiKey": "…" } } }, or have a platform admin allow it with PUT /api/companies/:id { "managesSharedAccounts": true }.',
  });
}

/** The fields of an agent that are kept beside its name: nothing that is secret. */
export const agentDetails = (agent: RetellAgent): Record<string, unknown> => ({
  ...(agent.version === undefined ? {} : { version: agent.version }),
  ...(agent.voice_id === undefined ? {} : { voiceId: agent.voice_id }),
  ...(agent.language === undefined ? {} : { language: agent.language }),
  ...(agent.response_engine === undefined ? {} : { responseEngine: agent.response_engine }),
});

/** What the account lists. What a company's own account lists is linked to it besides. */
async function listedAgents(ctx: Context, account: RetellAccount, companyId: string) {
  const askedAt = await databaseTime(ctx);
  const listed = await listAgents(account);
  if (account.companyId === null) return listed;
  const ids = [...listed.agents.keys()];
  await keepListing(ctx, companyId, {
    thing: { provider: 'retell', kind: 'agent' },
    toLink: [{ appId: null, ids }],
    all: listed.isWhole ? ids : undefined,
    askedAt,
  });
  return listed;
}

/**
 * Pulls the company's agents from Retell; those that Retell has no longer become inactive. Calls that came in before
 * their agent was known are tied to it.
 */
export async function syncRetellAgents(ctx: Context, scope: Scope): Promise<AgentSyncResult> {
  const { companyId, appId } = scope;
  const account = await retellAccountOf(ctx, companyId);
  if (!account) return { agentsSynced: 0, agentsUpdated: 0 };
  const { agents: listed, isWhole } = await listedAgents(ctx, account, companyId);
  const isOurs = await ownershipOf(ctx, account, scope);
  const ours = [...listed.values()].filter((agent) => isOurs(agent.agent_id));
  const records = ours.map((agent) => ({
    id: newId(),
    provider_agent_id: agent.agent_id,
    name: storableText(agent.agent_name ?? '', 200),
    details: agentDetails(agent),
  }));
  return await ctx.dbAs('pipeline', 'store one company’s agents', async (tx) => {
    const changed = await rowsOf<{ is_new: boolean }>(
      tx,
      sql`insert into agents (id, company_id, kind, name, provider, provider_agent_id, status, details)
        select r.id, ${companyId}::uuid, 'ai', r.name, 'retell', r.provider_agent_id, 'active', r.details
        from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r (id uuid, provider_agent_id text, name text, details jsonb)
        on conflict (company_id, provider, provider_agent_id) do update
          set name = excluded.name, details = excluded.details,
            -- Only what a sync found gone comes back with one: what people deactivated stays so.
            status = case when agents.details ? 'goneFromRetell' then 'active' else agents.status end
          where (agents.name, agents.details) is distinct from (excluded.name, excluded.details)
        returning xmax = 0 as is_new`,
    );
    // An app's key sees a part of the agents, and a list that was cut says of none that it is gone.
    const saysWhatIsGone = appId === null && isWhole;
    const gone = await rowsOf(
      tx,
      sql`update agents set status = 'inactive', details = details || '{"goneFromRetell": true}'
        where company_id = ${companyId}::uuid and provider = 'retell' and status = 'active'
          and ${saysWhatIsGone}::boolean
          and not (provider_agent_id = any(${textArray(ours.map((agent) => agent.agent_id))})) returning 1`,
    );
    await rowsOf(
      tx,
      sql`update calls c set agent_id = a.id from agents a
        where c.company_id = ${companyId}::uuid and a.company_id = c.company_id and a.provider = c.provider
          and a.provider_agent_id = c.provider_agent_id and c.agent_id is null`,
    );
    return {
      agentsSynced: changed.filter(({ is_new }) => is_new).length,
      agentsUpdated: changed.filter(({ is_new }) => !is_new).length + gone.length,
    };
  });
}
