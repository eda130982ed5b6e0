import { randomUUID } from 'node:crypto';
import { hashPassword, verifyPassword } from '#core/passwords.ts';
import { Latencies, median } from '../load/latencies.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

const password = 'a password of the benchmark, nobody else’s';

/** Logs in over and over, one at a time, with the bare verification of the same hash in between. */
async function run({ database, isQuick, logFile }: Bench): Promise<Findings> {
  const { admin, tenants } = database;
  const person = tenants[0];
  if (!person) throw new Error('There are no tenants.');
  const email = `login-${randomUUID()}@bench.test`;
  const hash = await hashPassword(password);
  await admin`update users set email = ${email}, email_normal = ${email}, password_hash = ${hash} where id = ${person.userId}`;
  const server = await startOurServer(database, logFile);
  const logIn: number[] = [];
  const verify: number[] = [];
  try {
    for (let round = 0; round < (isQuick ? 20 : 80); round++) {
      const before = performance.now();
      if (!(await verifyPassword(hash, password))) throw new Error('The password is not its own.');
      const between = performance.now();
      const response = await fetch(`${server.url}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      });
      await response.text();
      if (response.status !== 200) throw new Error(`A login was answered ${response.status}.`);
      const after = performance.now();
      if (round < 5) continue; // warm
      verify.push(between - before);
      logIn.push(after - between);
    }
  } finally {
    await server.stop();
    await admin`delete from sessions where user_id = ${person.userId}`;
  }
  const over = median(logIn) - median(verify);
  const row = (name: string, times: number[]) => {
    const latencies = new Latencies(times);
    return [name, latencies.at(0.5).toFixed(1), latencies.at(0.9).toFixed(1)];
  };
  return {
    table: {
      columns: ['', 'p50 ms', 'p90 ms'],
      rows: [row('argon2id alone (19 MiB, 2 passes, 1 lane)', verify), row('POST /api/auth/login', logIn)],
    },
    verdicts: [
      {
        target: 'Login: at most 5 ms beside argon2id',
        measured: `${over.toFixed(1)} ms (difference of the medians, HTTP included)`,
        isMet: over <= 5,
      },
    ],
    notes: ['One at a time, in turn with the bare verification of the same hash in another process.'],
  };
}

export const login: Workload = { name: 'login', title: 'Login', run };
