import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, textArray } from '#core/db.ts';
import { AppError } from '#core/errors.ts';
import { newId } from '#core/ids.ts';
import { type RetellClient, retellClient } from '#providers/retell/client.ts';
import type { RetellAgent } from '#providers/retell/event.ts';
import { linkedAgents, ownsUnlinked, retellAccountOf } from './accounts.ts';

export interface AgentSyncResult {
  agentsSynced: number;
  agentsUpdated: number;
}

/** The company's Retell, ready to be called. @throws AppError UNAVAILABLE where there is no account. */
export async function retellOf(ctx: Context, companyId: string): Promise<RetellClient> {
  const account = await retellAccountOf(ctx, companyId);
  if (!account) {
    throw new AppError('UNAVAILABLE', {
      message: 'Retell is not configured: set RETELL_API_KEY, or the company’s own key.',
    });
  }
  return retellClient({ apiKey: account.token, baseUrl: account.baseUrl });
}

/** What is kept of an agent beside its name: nothing that is secret. */
export const agentDetails = (agent: RetellAgent): Record<string, unknown> => ({
  ...(agent.version === undefined ? {} : { version: agent.version }),
  ...(agent.voice_id === undefined ? {} : { voiceId: agent.voice_id }),
  ...(agent.language === undefined ? {} : { language: agent.language }),
  ...(agent.response_engine === undefined ? {} : { responseEngine: agent.response_engine }),
});

/**
 * Pulls the company's agents from Retell; those that Retell has no longer become inactive. Calls that came in before
 * their agent was known are tied to it.
 */
export async function syncRetellAgents(ctx: Context, companyId: string): Promise<AgentSyncResult> {
  const account = await retellAccountOf(ctx, companyId);
  if (!account) return { agentsSynced: 0, agentsUpdated: 0 };
  const client = await retellOf(ctx, companyId);
  const { mine, others } = await linkedAgents(ctx, companyId);
  const isOurs = (id: string) => mine.includes(id) || (ownsUnlinked(account, companyId) && !others.has(id));
  // Retell may list several versions of one agent: the newest counts.
  const newest = new Map<string, RetellAgent>();
  for await (const page of client.listAgents()) {
    for (const agent of page) {
      const known = newest.get(agent.agent_id);
      if (isOurs(agent.agent_id) && (!known || (agent.version ?? 0) >= (known.version ?? 0)))
        newest.set(agent.agent_id, agent);
    }
  }
  const records = [...newest.values()].map((agent) => ({
    id: newId(),
    provider_agent_id: agent.agent_id,
    name: (agent.agent_name ?? '').replaceAll('\0', '').slice(0, 200),
    details: agentDetails(agent),
  }));
  return await ctx.dbAsService('store one company’s agents', async (tx) => {
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
    const gone = await rowsOf(
      tx,
      sql`update agents set status = 'inactive', details = details || '{"goneFromRetell": true}'
        where company_id = ${companyId}::uuid and provider = 'retell' and status = 'active'
          and not (provider_agent_id = any(${textArray([...newest.keys()])})) returning 1`,
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
