import { sql } from 'drizzle-orm/sql';
import type * as z from 'zod';
import { rowsOf, type Tx } from '#core/db.ts';
import { AppError } from '#core/errors.ts';
import { asJson } from '#core/shape.ts';
import { agents } from '#db/schema/agents.ts';
import { type DashboardAgent, dashboardAgentShape, retellAgents } from './dashboard-agent.ts';

/** The agent as the dashboard shows it. @throws AppError NOT_FOUND, also for another company's. */
export async function findDashboardAgent(tx: Tx, agentId: string): Promise<z.infer<typeof DashboardAgent>> {
  const [row] = await rowsOf<{ item: string }>(
    tx,
    sql`select ${asJson(dashboardAgentShape)} as item from ${agents} where ${retellAgents} and ${agents.providerAgentId} = ${agentId}`,
  );
  if (!row) throw new AppError('NOT_FOUND');
  return JSON.parse(row.item);
}
