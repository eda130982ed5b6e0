import { randomOrder } from '../../faults/shared/random-order.ts';
import type { Tenant } from '../database/tenants.ts';
import { type ContenderServer, closedContender, connections } from '../load/contender.ts';
import { requestBytes } from '../load/http-connection.ts';
import { interleaved, standingColumns, standingRow } from '../load/interleaved.ts';
import { endSessions, tokenOf } from '../load/tokens.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startBareServer } from '../servers/bare-server.ts';
import { startOurServer } from '../servers/our-server.ts';

const path = '/api/calls?status=completed';

/** As many requests of each company as its share of the calls. */
function byShare(tenants: readonly Tenant[], count: number): Tenant[] {
  const all = tenants.flatMap((tenant) => new Array<Tenant>(Math.ceil(tenant.share * count)).fill(tenant));
  return randomOrder(7).shuffled(all);
}

async function run(bench: Bench): Promise<Findings> {
  const { database, isQuick, logFile } = bench;
  const { tenants } = database;
  const [bare, ours] = await Promise.all([
    startBareServer(database, logFile),
    startOurServer(database, logFile),
  ]);
  try {
    const get = (tenant: Tenant) => requestBytes('GET', path, { 'x-api-key': tenant.apiKey });
    const bareGet = (tenant: Tenant) => requestBytes('GET', `/calls?${tenant.companyId}&completed`, {});
    const tokens = await Promise.all(tenants.map((tenant) => tokenOf(database.admin, tenant)));
    const weighted = byShare(tenants, 2_000);
    const contender = (name: string, server: ContenderServer, requests: Uint8Array[]) =>
      closedContender(bench, { name, server, requests });
    const contenders = [
      contender('bare, each company in turn', bare, tenants.map(bareGet)),
      contender('ours, key', ours, tenants.map(get)),
      contender(
        'ours, JWT',
        ours,
        tokens.map((token) => requestBytes('GET', path, { authorization: `Bearer ${token}` })),
      ),
    ];
    const skewed = [
      contender('bare, companies by size', bare, weighted.map(bareGet)),
      contender('ours, key, companies by size', ours, weighted.map(get)),
    ];
    for (const each of [...contenders, ...skewed]) await each.run(0); // warm
    const standings = await interleaved(contenders, isQuick ? 2 : 5);
    const bySize = await interleaved(skewed, isQuick ? 2 : 5);
    const [, key, jwt] = standings;
    if (!key || !jwt) throw new Error('nothing was measured');
    return {
      table: { columns: standingColumns, rows: [...standings, ...bySize].map(standingRow) },
      verdicts: [
        {
          target: 'GET /api/calls by key, the limiter on: at least 0.5 of the bare limit',
          measured: `${key.ratio.toFixed(2)} (rounds: ${key.ratios.map((r) => r.toFixed(2)).join(', ')})`,
          isMet: key.ratio >= 0.5,
        },
        {
          target: 'GET /api/calls by JWT, the limiter on: at least 0.5 of the bare limit',
          measured: `${jwt.ratio.toFixed(2)} (rounds: ${jwt.ratios.map((r) => r.toFixed(2)).join(', ')})`,
          isMet: jwt.ratio >= 0.5,
        },
      ],
      notes: [
        `${connections} connections; every company once in turn, and the companies as often as they have calls. Ours counts the request against its limits, checks the key or token, sets the caller for the policies, tells the total and logs the request; bare does none of that.`,
      ],
    };
  } finally {
    await Promise.all([bare.stop(), ours.stop()]);
    await endSessions(database.admin, tenants);
  }
}

export const listCalls: Workload = {
  name: 'list',
  title: 'List: 20 newest completed calls of a company',
  run,
};
