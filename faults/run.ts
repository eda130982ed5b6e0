/**
 * `npm run faults`: what the backend promises when things go wrong, tried in earnest. Each fault has a Postgres database
 * of its own; counts are printed, and the exit code is 1 when a promise was broken.
 *
 *   --only=killed-worker,bad-input   some of them
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { closeDatabase } from '#core/database/pool.ts';
import { forgetEnv } from '#core/env.ts';
import { freePort } from '../local/stack/free-port.ts';
import { localApiPassword, startPostgres } from '../local/stack/postgres.ts';
import { migrate } from '../scripts/migrate.ts';
import { badInput } from './bad-input.ts';
import { badReceivers } from './bad-receivers.ts';
import { killedSender } from './killed-sender.ts';
import { killedWorker } from './killed-worker.ts';
import { limiter } from './limiter.ts';
import { oneTimeCodes } from './one-time-codes.ts';
import { poisonEvents } from './poison-events.ts';
import { queueAway } from './queue-away.ts';
import { refreshTokens } from './refresh-tokens.ts';
import { repeatedWrites } from './repeated-writes.ts';
import { restartedPostgres } from './restarted-postgres.ts';
import type { Counts, Ground } from './shared/ground.ts';
import { deployedEnvironment } from './shared/server-environment.ts';
import { shuffledLifecycles } from './shuffled-lifecycles.ts';

Object.assign(process.env, deployedEnvironment, { LOG_LEVEL: 'fatal', QUEUE_DRIVER: 'inline' });

const seed = Math.floor(Math.random() * 1_000);
const faults: Record<string, { title: string; run: (ground: Ground) => Promise<Counts> }> = {
  'killed-worker': {
    title: 'Workers die by kill -9 in the middle of their work',
    run: (ground) => killedWorker(ground, { kills: 20, events: 5_000, seed }),
  },
  'restarted-postgres': {
    title: 'Postgres is stopped at once and started again, under load',
    run: (ground) => restartedPostgres(ground, { restarts: 3, awayMs: 3_000, loadMs: 4_000, seed }),
  },
  'queue-away': {
    title: 'The queue is away for half a minute',
    run: (ground) => queueAway(ground, { awayMs: 30_000, seed }),
  },
  'shuffled-lifecycles': {
    title: 'Events come swapped, twice and to several workers',
    run: (ground) => shuffledLifecycles(ground, { calls: 500, workers: 4, seed }),
  },
  'poison-events': {
    title: 'One event in ten can never be processed',
    run: (ground) => poisonEvents(ground, { calls: 200, seed }),
  },
  'bad-input': {
    title: 'Requests that no honest caller sends',
    run: (ground) => badInput(ground, { rounds: 20, everyNth: 1, slowConnections: 100, isPatient: true }),
  },
  limiter: {
    title: 'Eight processes count the requests of one key, and one caller asks as often as it can',
    run: (ground) =>
      limiter(ground, {
        processes: 8,
        keys: 10,
        requestsEach: 100,
        limit: 200,
        calmRequests: 120,
      }),
  },
  'refresh-tokens': {
    title: 'One refresh token comes fifty times at the same instant',
    run: (ground) => refreshTokens(ground, { rounds: 20, requests: 50 }),
  },
  'one-time-codes': {
    title: 'One code comes fifty times at the same instant, and fifty wrong ones',
    run: (ground) => oneTimeCodes(ground, { people: 10, requests: 50 }),
  },
  'killed-sender': {
    title: 'The dispatcher and the sender of webhooks die by kill -9 in the middle of their work',
    run: (ground) => killedSender(ground, { kills: 20, events: 2_000, receivers: 3, seed }),
  },
  'bad-receivers': {
    title: 'One receiver of webhooks in ten is bad, in fifteen ways',
    run: (ground) => badReceivers(ground, { goodForEachBad: 9, events: 50, everyMs: 500, maxRatio: 1.5 }),
  },
  'repeated-writes': {
    title: 'One write comes two hundred times, and a server dies by kill -9',
    run: (ground) =>
      repeatedWrites(ground, {
        servers: 3,
        requests: 200,
        rounds: [
          { killed: 'at any moment', retried: 'later' },
          { killed: 'before its effect', retried: 'later' },
          { killed: 'after its effect', retried: 'later' },
          { killed: 'before its effect', retried: 'meanwhile' },
          { killed: 'after its effect', retried: 'meanwhile' },
          { killed: 'at any moment', retried: 'later' },
        ],
        seed,
      }),
  },
};

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const names = values.only?.split(',') ?? Object.keys(faults);
const folder = mkdtempSync(join(tmpdir(), 'trunkline-faults-'));
chmodSync(folder, 0o755); // as root, Postgres runs as a user of its own, who must get to its folder
const server = await startPostgres({ folder: join(folder, 'postgres'), port: await freePort() });
const admin = postgres(server.adminUrl('postgres'), { max: 1, onnotice: () => {} });
console.log(`Seed ${seed}. Logs of the processes: ${folder}`);
let broken = 0;
try {
  for (const name of names) {
    const fault = faults[name];
    if (!fault) throw new Error(`There is no fault ${name}; there are ${Object.keys(faults).join(', ')}.`);
    const database = name.replaceAll('-', '_');
    await admin.unsafe(`create database ${database}`);
    await migrate(server.adminUrl(database), localApiPassword);
    process.env.DATABASE_URL = server.apiUrl(database);
    forgetEnv();
    const ground: Ground = {
      url: server.apiUrl(database),
      adminUrl: server.adminUrl(database),
      logFile: join(folder, `${name}.log`),
      say: (line) => console.log(`  ${line}`),
    };
    console.log(`\n${fault.title} …`);
    const started = performance.now();
    try {
      const counts = await fault.run(ground);
      for (const [what, count] of Object.entries(counts))
        console.log(`  ${String(count).padStart(8)}  ${what}`);
      console.log(`  held, in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
      broken++;
      console.error(`  BROKEN: ${error instanceof Error ? error.stack : String(error)}`);
    }
    await closeDatabase();
  }
} finally {
  await admin.end();
  await server.stop();
  if (broken === 0) rmSync(folder, { recursive: true, force: true });
}
console.log(broken === 0 ? '\nEvery promise held.' : `\n${broken} promises were broken.`);
process.exit(broken === 0 ? 0 : 1);
