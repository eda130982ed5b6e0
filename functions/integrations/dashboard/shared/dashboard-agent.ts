import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { isoTime, shapeOf } from '#core/database/shape.ts';
import { agents } from '#db/schema/agents.ts';
import { AgentStatus } from '#telephony/model/words.ts';

/** An agent in the form that the Retell dashboard's clients know. */
export const DashboardAgent = z
  .object({
    id: z.uuid(),
    agent_id: z.string().describe('Retell’s id of the agent.'),
    agent_name: z.string(),
    status: AgentStatus,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'DashboardAgent' });

export const dashboardAgentShape = shapeOf(DashboardAgent, {
  id: agents.id,
  agent_id: agents.providerAgentId,
  agent_name: agents.name,
  status: agents.status,
  created_at: isoTime(agents.createdAt),
  updated_at: isoTime(agents.updatedAt),
});

/** The company's Retell agents. */
export const retellAgents = sql`${callersCompany(agents.companyId)} and ${agents.provider} = 'retell'`;
