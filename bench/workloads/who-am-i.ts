import { type ContenderServer, closedContender, connections } from '../load/contender.ts';
import { requestBytes } from '../load/http-connection.ts';
import { interleaved, standingColumns, standingRow } from '../load/interleaved.ts';
import { endSessions, tokenOf } from '../load/tokens.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startBareServer } from '../servers/bare-server.ts';
import { startOurServer } from '../servers/our-server.ts';

async function run(bench: Bench): Promise<Findings> {
  const { database, isQuick, logFile } = bench;
  const { tenants, admin } = database;
  const [bare, ours] = await Promise.all([
    startBareServer(database, logFile),
    startOurServer(database, logFile),
  ]);
  try {
    const tokens = await Promise.all(tenants.map((tenant) => tokenOf(admin, tenant)));
    const contender = (name: string, server: ContenderServer, requests: Uint8Array[]) =>
      closedContender(bench, { name, server, requests });
    const contenders = [
      contender(
        'bare, one prepared query',
        bare,
        tenants.map(({ userId }) => requestBytes('GET', `/me?${userId}`, {})),
      ),
      contender(
        'ours, JWT, the limiter on',
        ours,
        tokens.map((token) => requestBytes('GET', '/api/auth/me', { authorization: `Bearer ${token}` })),
      ),
    ];
    for (const each of contenders) await each.run(0); // warm
    const standings = await interleaved(contenders, isQuick ? 2 : 5);
    const me = standings[1];
    if (!me) throw new Error('nothing was measured');
    return {
      table: { columns: standingColumns, rows: standings.map(standingRow) },
      verdicts: [
        {
          target: 'GET /api/auth/me by JWT, the limiter on: at least 0.5 of the bare limit',
          measured: `${me.ratio.toFixed(2)} (rounds: ${me.ratios.map((r) => r.toFixed(2)).join(', ')})`,
          isMet: me.ratio >= 0.5,
        },
      ],
      notes: [
        `${connections} connections, 100 people in turn. Ours counts the request, checks token, session, member and role, and answers with memberships and permissions besides; bare reads one row by its key.`,
      ],
    };
  } finally {
    await Promise.all([bare.stop(), ours.stop()]);
    await endSessions(admin, tenants);
  }
}

export const whoAmI: Workload = { name: 'me', title: 'Who am I: GET /api/auth/me', run };
