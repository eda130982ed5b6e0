import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { hashPassword, verifyPassword } from '#core/security/passwords.ts';
import { Latencies, median } from '../load/latencies.ts';
import type { Bench, Findings, Workload } from '../report/workload.ts';
import { startOurServer } from '../servers/our-server.ts';

const password = 'a password of the benchmark, nobody else’s';

/** A company and its owner, there for this workload alone. */
async function insertOwner(admin: Sql, hash: string) {
  const [companyId, userId] = [randomUUID(), randomUUID()];
  const email = `login-${userId}@bench.test`;
  await admin`insert into companies (id, name) values (${companyId}, 'Logs in')`;
  await admin`insert into users (id, email, email_normal, name, password_hash)
    values (${userId}, ${email}, ${email}, 'Owner', ${hash})`;
  await admin`insert into memberships (company_id, user_id, role) values (${companyId}, ${userId}, 'owner')`;
  return { companyId, userId, email };
}

/** Logs in over and over, one at a time, with the bare verification of the same hash in between. */
async function run({ database, isQuick, logFile }: Bench): Promise<Findings> {
  const { admin } = database;
  const hash = await hashPassword(password);
  const server = await startOurServer(database, logFile);
  const { companyId, userId, email } = await insertOwner(admin, hash);
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
    await admin`delete from companies where id = ${companyId}`;
    await admin`delete from users where id = ${userId}`;
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
