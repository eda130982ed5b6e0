import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { deployedEnvironment } from '../../faults/shared/server-environment.ts';
import { Latencies, median } from '../load/latencies.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';

const bundle = fileURLToPath(new URL('../../dist/netlify/functions/calls-list-calls.mjs', import.meta.url));
const probe = fileURLToPath(new URL('../servers/cold-start.mjs', import.meta.url));
const Told = z.object({ importedMs: z.number(), answeredMs: z.number(), status: z.number() });

async function run({ database, isQuick }: Bench): Promise<Findings> {
  if (!existsSync(bundle))
    throw new Error('There is no bundle to start: `npm run build` makes dist/netlify.');
  const start = async (file: string, key: string, status: number) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [probe, file, 'https://api.example.com/api/calls?status=completed', key],
      { env: { ...process.env, ...deployedEnvironment, LOG_LEVEL: 'silent', DATABASE_URL: database.url } },
    );
    const told = Told.parse(JSON.parse(stdout));
    if (told.status !== status) throw new Error(`A cold start answered ${told.status}, not ${status}.`);
    return told;
  };
  const key = database.tenants[50]?.apiKey ?? '';
  const kinds = [
    { name: 'bare Node, a Response', times: [] as z.infer<typeof Told>[], once: () => start('', '', 401) },
    {
      name: 'calls-list-calls, refused 401',
      times: [] as z.infer<typeof Told>[],
      once: () => start(bundle, '', 401),
    },
    {
      name: 'calls-list-calls, a page',
      times: [] as z.infer<typeof Told>[],
      once: () => start(bundle, key, 200),
    },
  ];
  for (let round = 0; round < (isQuick ? 5 : 31); round++) {
    for (const kind of kinds) {
      const told = await kind.once();
      if (round > 0) kind.times.push(told); // the first one warms the file system
    }
  }
  const over = median(
    (kinds[1]?.times ?? []).map(
      ({ answeredMs }, i) => answeredMs - (kinds[0]?.times[i]?.answeredMs ?? Number.NaN),
    ),
  );
  return {
    table: {
      columns: ['process start → answer', 'imported ms', 'answered ms', 'p90 ms'],
      rows: kinds.map(({ name, times }) => {
        const answered = new Latencies(times.map(({ answeredMs }) => answeredMs));
        return [
          name,
          median(times.map(({ importedMs }) => importedMs)).toFixed(1),
          answered.at(0.5).toFixed(1),
          answered.at(0.9).toFixed(1),
        ];
      }),
    },
    verdicts: [
      {
        target: 'Cold start of calls-list-calls: at most 15 ms over bare Node',
        measured: `${over.toFixed(1)} ms (of a request that is refused; median of the differences)`,
        isMet: over <= 15,
      },
    ],
    notes: [
      `The bundle has ${Math.round(statSync(bundle).size / 1024)} KB. A page adds the connection to Postgres with its password exchange, and the first planning of each statement.`,
    ],
  };
}

export const coldStart: Workload = { name: 'cold-start', title: 'Cold start of a function', run };
