import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { Latencies } from '../bench/load/latencies.ts';
import { type Child, startChild } from './shared/child-process.ts';
import { type Counts, demand, type Ground, makeCompany, withAdmin } from './shared/ground.ts';
import { askFor, bearer, type JsonAnswer, kindsOf } from './shared/json-requests.ts';
import type { Heard, Noise, Taking } from './shared/limit-taker.entry.ts';
import { deployedEnvironment } from './shared/server-environment.ts';
import { startServer } from './shared/some-servers.ts';
import type { StackServer } from './shared/stack-server.ts';

const daySeconds = 86_400;

const startTaker = (ground: Ground): Promise<Child> =>
  startChild(new URL('./shared/limit-taker.entry.ts', import.meta.url), {
    logFile: ground.logFile,
    env: { ...deployedEnvironment, DATABASE_URL: ground.url, LOG_LEVEL: 'warn' },
  });

const sumOf = (heard: readonly Heard[], what: keyof Heard): number =>
  heard.reduce((sum, each) => sum + each[what], 0);

/** Several instances count the requests of one key at the same instant; then of the next. */
async function countTogether(
  takers: readonly Child[],
  size: { keys: number; requestsEach: number; limit: number },
): Promise<Counts> {
  const take = async (taking: Taking) =>
    (await Promise.all(takers.map((taker) => taker.ask('take', taking)))) as Heard[];
  // Every process has its connections open by then, so that none comes first for that.
  await take({ ask: { key: 'warm-up', limits: [{ count: 1_000_000, seconds: 1 }] }, times: 50 });
  const admitted: number[] = [];
  let shares: string[] = [];
  for (let i = 0; i < size.keys; i++) {
    // So long a window that none of it becomes free again while the test lasts.
    const limits = [{ count: size.limit, seconds: daySeconds }] as const;
    const heard = await take({ ask: { key: `fault:${randomUUID()}`, limits }, times: size.requestsEach });
    demand(sumOf(heard, 'odd') === 0, `${sumOf(heard, 'odd')} requests were neither let in nor refused.`);
    admitted.push(sumOf(heard, 'admitted'));
    shares = heard.map((each) => String(each.admitted));
  }
  const wrong = admitted.filter((count) => count !== size.limit);
  demand(wrong.length === 0, `${wrong.join(', ')} were let in where ${size.limit} may be.`);
  return {
    'processes that count together': takers.length,
    keys: size.keys,
    'requests of each key': takers.length * size.requestsEach,
    'allowed a day': size.limit,
    'admitted of each key, least and most': `${Math.min(...admitted)} ${Math.max(...admitted)}`,
    'of the last key, by process': shares.join(' '),
  };
}

async function storeCalls(sql: Sql, companyId: string, count: number): Promise<void> {
  await sql`insert into calls (company_id, provider, provider_call_id, status, direction, started_at, state_rank, state_at)
    select ${companyId}, 'retell', 'call-' || n, 'completed', 'inbound', now() - n * interval '1 minute', 120, now()
      from generate_series(1, ${count}::int) n`;
}

interface Calm {
  p50: number;
  p90: number;
  p99: number;
}

const calmEveryMs = 25;

/** Asks so many times, every so often. @throws when one is refused. */
async function askCalmly(address: string, headers: Record<string, string>, requests: number): Promise<Calm> {
  const asking: Promise<{ answer: JsonAnswer; ms: number }>[] = [];
  for (let i = 0; i < requests; i++) {
    const asked = performance.now();
    asking.push(askFor(address, { headers }).then((answer) => ({ answer, ms: performance.now() - asked })));
    await sleep(calmEveryMs);
  }
  const asked = await Promise.all(asking);
  const answers = asked.map(({ answer }) => answer);
  const refused = answers.filter(({ status }) => status !== 200).length;
  demand(refused === 0, `A calm caller was answered ${kindsOf(answers)}.`);
  const times = new Latencies(asked.map(({ ms }) => ms));
  return { p50: times.at(0.5), p90: times.at(0.9), p99: times.at(0.99) };
}

const noisyConnections = 16;
/** A calm request takes some turns of the server's loop: to be read, at each answer of Postgres, to be written. */
const noisyTurns = 8;
/** Enough for a caller who asks calmly, little for one who does not. */
const perMinuteOf = (size: { calmRequests: number }): number => 3 * size.calmRequests;

/**
 * One caller asks as often as it can, another calmly: the limit of the one is not the other's, and what the calm one waits
 * is its place in a fair queue. One server answers both, so that beside what it takes alone a calm request waits a few times
 * as long as the noisy caller's own: a slow or busy machine makes both longer.
 */
async function besideNoise(
  ground: Ground,
  server: StackServer,
  noisy: Child,
  size: { calmRequests: number },
): Promise<Counts> {
  const perMinute = perMinuteOf(size);
  return await withAdmin(ground, async (sql) => {
    const [calm, loud] = [await makeCompany(sql), await makeCompany(sql)];
    for (const { id } of [calm, loud]) await storeCalls(sql, id, 200);
    const address = `${server.url}/api/calls`;
    const headers = { 'x-api-key': calm.apiKey };
    for (let i = 0; i < 20; i++) await askFor(address, { headers: bearer(calm.token) });
    const alone = await askCalmly(address, headers, size.calmRequests);
    const noise: Noise = {
      address,
      headers: { 'x-api-key': loud.apiKey },
      connections: noisyConnections,
    };
    const began = performance.now();
    const making = noisy.ask('makeNoise', noise);
    making.catch(() => {}); // looked at below
    const beside = await askCalmly(address, headers, size.calmRequests);
    await noisy.ask('beQuiet');
    const heard = (await making) as Heard;
    const noiseMs = performance.now() - began;
    const minutes = noiseMs / 60_000;
    demand(heard.odd === 0, `${heard.odd} answers to the noisy caller were neither 200 nor 429.`);
    demand(heard.refused > 0, `The noisy caller was not held back: ${JSON.stringify(heard)}`);
    const most = perMinute * (1 + minutes) + 1; // with what became free meanwhile
    demand(heard.admitted <= most, `The noisy caller was let in ${heard.admitted} times of ${perMinute}.`);
    const noisyMs = (noisyConnections * noiseMs) / (heard.admitted + heard.refused);
    demand(
      beside.p90 <= 5 * alone.p90 + noisyTurns * noisyMs,
      `Beside the noise, a calm caller's p90 is ${beside.p90.toFixed(1)} ms, alone ${alone.p90.toFixed(1)} ms; a noisy request takes ${noisyMs.toFixed(1)} ms.`,
    );
    return {
      'noise lasted, ms': Math.round(noiseMs),
      'a noisy request, ms': noisyMs.toFixed(1),
      'requests of the noisy caller': heard.admitted + heard.refused,
      'of them let in': heard.admitted,
      'allowed a minute, each': perMinute,
      'requests of the calm caller, alone and beside the noise': `2 × ${size.calmRequests}`,
      'p50 alone and beside the noise, ms': `${alone.p50.toFixed(1)} ${beside.p50.toFixed(1)}`,
      'p90 alone and beside the noise, ms': `${alone.p90.toFixed(1)} ${beside.p90.toFixed(1)}`,
      'p99 alone and beside the noise, ms': `${alone.p99.toFixed(1)} ${beside.p99.toFixed(1)}`,
    };
  });
}

/** Limits are exact among processes, and a caller who is held back slows no other. */
export async function limiter(
  ground: Ground,
  size: {
    processes: number;
    keys: number;
    requestsEach: number;
    limit: number;
    calmRequests: number;
  },
): Promise<Counts> {
  const startingServer = startServer(ground, { RATE_LIMIT_API: `${perMinuteOf(size)}/1m` });
  const startingTakers = Array.from({ length: size.processes }, () => startTaker(ground));
  try {
    const [server, ...takers] = await Promise.all([startingServer, ...startingTakers]);
    const [noisy] = takers;
    if (!noisy) throw new Error('It takes a process.');
    const counted = await countTogether(takers, size);
    return { ...counted, ...(await besideNoise(ground, server, noisy, size)) };
  } finally {
    const started = await Promise.allSettled([startingServer, ...startingTakers]);
    await Promise.all(started.map((each) => each.status === 'fulfilled' && each.value.stop()));
  }
}
