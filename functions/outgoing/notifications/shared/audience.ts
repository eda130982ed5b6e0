import { sql } from 'drizzle-orm/sql';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import type { Audience } from './notice.ts';

/** What is known of who handled a call or voicemail. */
export interface Handled {
  companyId: string;
  callId: string | null;
  voicemailId: string | null;
  agentId: string | null;
}

/**
 * Whom to tell of each of these, in their order: the person whose agent handled the call, if they are an active member;
 * else everybody who may see it, by mail and SMS only managers. Agents do not see calls of another agent, also when that
 * one is no person. Runs in a transaction of the service.
 */
export async function audiencesOf(tx: Tx, handled: readonly Handled[]): Promise<Audience[]> {
  const rows = await rowsOf<{ n: number; has_agent: boolean; user_id: string | null }>(
    tx,
    sql`select h.n, a.id is not null as has_agent, u.id as user_id
      from json_to_recordset(${JSON.stringify(handled.map((each, n) => ({ n, ...each })))}::json)
        as h (n int, "companyId" uuid, "callId" uuid, "voicemailId" uuid, "agentId" uuid)
      left join voicemails v on v.company_id = h."companyId" and v.id = h."voicemailId"
      left join calls c on c.company_id = h."companyId" and c.id = coalesce(h."callId", v.call_id)
      left join agents a on a.company_id = h."companyId" and a.id = coalesce(c.agent_id, h."agentId")
      left join memberships m on m.company_id = h."companyId" and m.user_id = a.user_id and m.is_active
      left join users u on u.id = m.user_id and u.is_active and u.deletes_at is null`,
  );
  const audiences: Audience[] = handled.map(() => ({ inApp: 'manager', sent: 'manager' }));
  for (const { n, has_agent: hasAgent, user_id: userId } of rows) {
    if (userId !== null) audiences[n] = { userIds: [userId] };
    else if (!hasAgent) audiences[n] = { inApp: 'agent', sent: 'manager' };
  }
  return audiences;
}
