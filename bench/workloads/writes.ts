import type { Tenant } from '../database/tenants.ts';
import { type ContenderServer, closedContender, connections } from '../load/contender.ts';
import { requestBytes } from '../load/http-connection.ts';
import { interleaved, standingColumns, standingRow } from '../load/interleaved.ts';
import { endSessions, tokenOf } from '../load/tokens.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startBareServer } from '../servers/bare-server.ts';
import { startOurServer } from '../servers/our-server.ts';

/** Each tenant's request twice, with another value each time, so that every write changes its row. */
const twice = (
  tenants: readonly Tenant[],
  request: (tenant: Tenant, index: number, word: string) => Uint8Array,
) => ['odd', 'even'].flatMap((word) => tenants.map((tenant, index) => request(tenant, index, word)));

async function makeWebhook(url: string, { apiKey, number }: Tenant): Promise<string> {
  const answer = await fetch(`${url}/api/webhooks`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ url: `https://tenant-${number}.example.com/hook`, isActive: false }),
  });
  if (answer.status !== 201) throw new Error(`POST /api/webhooks: ${answer.status} ${await answer.text()}`);
  const { data } = (await answer.json()) as { data: { id: string } };
  return data.id;
}

async function run(bench: Bench): Promise<Findings> {
  const { database, isQuick, logFile } = bench;
  const { tenants, admin } = database;
  const [bare, ours] = await Promise.all([
    startBareServer(database, logFile),
    startOurServer(database, logFile),
  ]);
  try {
    const tokens = await Promise.all(tenants.map((tenant) => tokenOf(admin, tenant)));
    const webhooks: string[] = [];
    for (const tenant of tenants) webhooks.push(await makeWebhook(ours.url, tenant));
    const put = (path: string, headers: Record<string, string>, body: object) =>
      requestBytes('PUT', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
    const contender = (name: string, server: ContenderServer, requests: Uint8Array[]) =>
      closedContender(bench, { name, server, requests });
    const contenders = [
      contender(
        'bare, one update',
        bare,
        twice(tenants, ({ userId }, _, word) => requestBytes('GET', `/name?${userId}&${word}`, {})),
      ),
      contender(
        'ours, JWT: own name',
        ours,
        twice(tenants, (_, index, word) =>
          put('/api/auth/profile', { authorization: `Bearer ${tokens[index]}` }, { name: word }),
        ),
      ),
      contender(
        'ours, JWT: a webhook, with its audit line',
        ours,
        twice(tenants, (_, index, word) =>
          put(
            `/api/webhooks/${webhooks[index]}`,
            { authorization: `Bearer ${tokens[index]}` },
            { description: word },
          ),
        ),
      ),
      contender(
        'ours, key: a webhook, with its audit line',
        ours,
        twice(tenants, ({ apiKey }, index, word) =>
          put(`/api/webhooks/${webhooks[index]}`, { 'x-api-key': apiKey }, { description: word }),
        ),
      ),
    ];
    for (const each of contenders) await each.run(0); // warm
    const standings = await interleaved(contenders, isQuick ? 2 : 5);
    return {
      table: { columns: standingColumns, rows: standings.map(standingRow) },
      verdicts: [],
      notes: [
        `${connections} connections, 100 companies in turn; every write changes its row and is a commit of its own. Ours counts the request, checks the caller, writes beneath the policies, asks once more with the commit whether the caller may, and chains its line to the company's audit log.`,
      ],
    };
  } finally {
    await Promise.all([bare.stop(), ours.stop()]);
    await admin`delete from webhook_endpoints where company_id = any(${tenants.map(({ companyId }) => companyId)})`;
    await endSessions(admin, tenants);
  }
}

export const writes: Workload = { name: 'writes', title: 'Writes of people and keys', run };
