/**
 * Whether login and forgotten password take as long for an address that nobody has: 300 interleaved tries of each, on a
 * database of its own. `tsx scripts/measure-enumeration.ts`; fails where the medians are more than 5 % apart.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Endpoint } from '#core/endpoint.ts';
import { freePort } from '../local/stack/free-port.ts';
import { localApiPassword, startPostgres } from '../local/stack/postgres.ts';
import { migrate } from './migrate.ts';

const tries = 300;
const maxApart = 0.05;

const folder = await mkdtemp(join(tmpdir(), 'trunkline-enumeration-'));
await chmod(folder, 0o755); // as root, Postgres runs as a user of its own, who must get to its folder
const server = await startPostgres({ folder: join(folder, 'postgres'), port: await freePort() });
const root = postgres(server.adminUrl('postgres'), { max: 1, onnotice: () => {} });
await root.unsafe('create database enumeration');
await root.end();
await migrate(server.adminUrl('enumeration'), localApiPassword);
Object.assign(process.env, {
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  DATABASE_URL: server.apiUrl('enumeration'),
  QUEUE_DRIVER: 'inline', // with nothing that runs it: a deployed request does no more than store its jobs
  RATE_LIMIT_AUTH: '90000000/1m',
  RATE_LIMIT_STRICT: '90000000/1m',
});

const admin = postgres(server.adminUrl('enumeration'), { max: 1, onnotice: () => {} });
const register = await import('../functions/identity/auth/register.ts');
const login = await import('../functions/identity/auth/login.ts');
const forgotPassword = await import('../functions/identity/auth/forgot-password.ts');
const { closeDatabase } = await import('#core/database/pool.ts');

async function call(endpoint: Endpoint, body: Record<string, string>): Promise<number> {
  const url = `https://api.example.com${endpoint.contract.path}`;
  const headers = { 'content-type': 'application/json' };
  const response = await endpoint.serve(
    new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }),
    { ip: '203.0.113.1' },
  );
  await response.arrayBuffer();
  return response.status;
}

/** Addresses of one length, so that nothing differs but whether somebody has them. */
const anEmail = () => `${randomUUID()}@example.com`;
async function anAccount(): Promise<string> {
  const email = anEmail();
  await call(register, { email, name: 'Ada', password: 'correct horse battery staple' });
  return email;
}
const passwordless = await anAccount();
await admin`update users set password_hash = null where email_normal = ${passwordless}`;

const password = 'not the password';
const measured: {
  what: string;
  addresses: Record<string, string>;
  run: (email: string) => Promise<number>;
}[] = [
  {
    what: 'login with a wrong password',
    addresses: { known: await anAccount(), unknown: anEmail(), passwordless },
    run: (email) => call(login, { email, password }),
  },
  {
    what: 'login to a locked account',
    addresses: { known: await anAccount(), unknown: anEmail() },
    run: (email) => call(login, { email, password }),
  },
  {
    what: 'forgotten password',
    addresses: { known: await anAccount(), unknown: anEmail() },
    run: (email) => call(forgotPassword, { email }),
  },
];

const turned = <T>(list: readonly T[], by: number): T[] => {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
};
const median = (values: number[]) =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

let isFar = false;
for (const { what, addresses, run } of measured) {
  const isLocked = what.includes('locked');
  if (isLocked) for (const email of Object.values(addresses)) for (let i = 0; i < 5; i++) await run(email);
  const times: Record<string, number[]> = {};
  const statuses = new Set<number>();
  const kinds = Object.entries(addresses);
  for (let round = -10; round < tries; round++) {
    // Who goes first changes, so that none is always the one after another.
    for (const [kind, email] of turned(kinds, round + 60)) {
      const started = performance.now();
      const status = await run(email);
      if (round < 0) continue; // warming up
      times[kind] = [...(times[kind] ?? []), performance.now() - started];
      statuses.add(status);
    }
    if (!isLocked) await admin`update sign_in_tries set tries = 0, locked_until = null`;
  }
  const known = median(times.known ?? []);
  for (const [kind, list] of Object.entries(times)) {
    const apart = median(list) / known - 1;
    isFar ||= Math.abs(apart) > maxApart;
    console.log(
      `${what}, ${kind}: median ${median(list).toFixed(2)} ms of ${list.length}, ${(apart * 100).toFixed(1)} % from known`,
    );
  }
  console.log(`  every answer ${[...statuses].join(', ')}`);
}

await closeDatabase();
await admin.end();
await server.stop();
await rm(folder, { recursive: true, force: true });
process.exitCode = isFar ? 1 : 0;
