import { createHmac } from 'node:crypto';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { fixed } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

const beats = 200;

/** A request that nobody has proved anything for. */
interface Attack {
  name: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

function attacks(): Attack[] {
  const json = { 'content-type': 'application/json' };
  const fields = Array.from({ length: 600_000 }, (_, i) => `"k${i}":1`).join(',');
  const small = Array.from({ length: 1_000 }, (_, i) => `"k${i}":1`).join(',');
  const large = 'x'.repeat(6_000_000);
  const digest = createHmac('sha256', 'forged').update('').digest('hex');
  return [
    { name: '600,000 unknown fields', path: '/api/auth/login', headers: json, body: `{${fields}}` },
    { name: '1,000 unknown fields', path: '/api/auth/login', headers: json, body: `{${small}}` },
    {
      name: '6 MB, forged for Retell',
      path: '/webhooks/retell',
      headers: { 'x-retell-signature': `v=${Date.now()},d=${digest}` },
      body: large,
    },
    { name: '6 MB, no token for Dialpad', path: '/webhooks/dialpad', headers: {}, body: large },
  ];
}

/** The longest of many waits for /health/live, ms, while `beside` goes on. */
async function longestWait(url: string, beside: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  for (let beat = 0; beat < beats; beat++) {
    const attack = beat % 20 === 0 ? beside() : undefined;
    const started = performance.now();
    await (await fetch(`${url}/health/live`)).text();
    longest = Math.max(longest, performance.now() - started);
    await attack;
  }
  return longest;
}

async function run({ database, logFile }: Bench): Promise<Findings> {
  const server = await startOurServer(database, logFile);
  try {
    const quiet = () => Promise.resolve();
    await longestWait(server.url, quiet); // warm
    const rows: string[][] = [];
    const ratios: number[] = [];
    for (const { name, path, headers, body } of attacks()) {
      const alone = await longestWait(server.url, quiet);
      // A server that refuses a body may close on it.
      const beside = await longestWait(server.url, () =>
        fetch(`${server.url}${path}`, { method: 'POST', headers, body }).catch(() => undefined),
      );
      ratios.push(beside / alone);
      rows.push([name, fixed(alone, 1), fixed(beside, 1), fixed(beside / alone, 1)]);
    }
    const worst = Math.max(...ratios);
    return {
      table: { columns: ['beside', 'longest wait alone, ms', 'beside it, ms', 'ratio'], rows },
      verdicts: [
        {
          target: 'GET /health/live waits at most 30 times as long beside an attack as alone',
          measured: fixed(worst, 1),
          isMet: worst <= 30,
        },
      ],
      notes: [`The longest of ${beats} waits, an attack with every twentieth.`],
    };
  } finally {
    await server.stop();
  }
}

export const door: Workload = { name: 'door', title: 'The door: /health/live beside unproved bodies', run };
