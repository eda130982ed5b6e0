import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import type { Context } from '#core/context.ts';
import { oneRow } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import type { Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { agents } from '#db/schema/agents.ts';
import { type DashboardAgent, dashboardAgentShape, retellAgents } from './dashboard-agent.ts';

/** The agent as the dashboard shows it. @throws AppError NOT_FOUND, also for another company's. */
export async function findDashboardAgent(tx: Tx, agentId: string): Promise<z.infer<typeof DashboardAgent>> {
  const row = await oneRow<{ item: string }>(
    tx,
    sql`select ${asJson(dashboardAgentShape)} as item from ${agents} where ${retellAgents} and ${agents.providerAgentId} = ${agentId}`,
  );
  return JSON.parse(row.item);
}

/**
 * Refuses an agent that the caller may not change: one of another company, and for an app's key also one that is not
 * linked to the app. @throws AppError NOT_FOUND
 */
export async function findChangeable(ctx: Context, agentId: string): Promise<void> {
  await ctx.db((tx) => findDashboardAgent(tx, agentId));
  const appId = ctx.caller.kind === 'key' ? ctx.caller.appId : null;
  if (appId === null) return;
  const linked = await ctx.readAs(
    'pipeline',
    'see whether an agent is linked to an app',
    sql`select 1 from provider_links where provider = 'retell' and kind = 'agent' and external_id = ${agentId}
      and company_id = ${ctx.companyId}::uuid and app_id = ${appId}::uuid and proof is not null`,
  );
  if (linked.length === 0) throw new AppError('NOT_FOUND');
}
