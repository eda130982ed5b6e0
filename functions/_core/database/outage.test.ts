import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { freePort } from '#local/stack/free-port.ts';
import { type LocalPostgres, localApiPassword, startPostgres } from '#local/stack/postgres.ts';
import { migrate } from '../../../scripts/migrate.ts';
import { endpoint } from '../endpoint.ts';
import { forgetEnv } from '../env.ts';
import { request } from '../testing/company.ts';
import { closeDatabase } from './pool.ts';

const ask = endpoint({
  method: 'POST',
  path: '/test/outage',
  summary: 'Ask the database for something',
  who: ['public'],
  output: z.object({ done: z.boolean() }),
  handle: ({ ctx }) => ctx.dbAs('jobs', 'a test of outages', async () => ({ done: true })),
});

let folder: string;
let port: number;
let server: LocalPostgres;
const address = process.env.DATABASE_URL;
const start = () => startPostgres({ folder: join(folder, 'postgres'), port, flags: ['-c', 'fsync=off'] });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkline-outage-'));
  await chmod(folder, 0o755);
  port = await freePort();
  server = await start();
  await migrate(server.adminUrl('postgres'), localApiPassword);
  await closeDatabase();
  process.env.DATABASE_URL = server.apiUrl('postgres');
  forgetEnv();
});
afterAll(async () => {
  await closeDatabase();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  process.env.DATABASE_URL = address;
  forgetEnv();
});

describe('while the database is down', () => {
  test('every request is told 503 and when to come back, and the first one after it is up again succeeds', async () => {
    expect((await request(ask)).status).toBe(200);
    await server.stop();
    for (let i = 0; i < 3; i++) {
      const { status, body, headers } = await request(ask);
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '5']);
    }
    const together = await Promise.all(Array.from({ length: 10 }, () => request(ask)));
    expect(new Set(together.map(({ status }) => status))).toEqual(new Set([503]));
    server = await start();
    expect((await request(ask)).status).toBe(200);
    expect((await Promise.all(Array.from({ length: 10 }, () => request(ask)))).map((r) => r.status)).toEqual(
      Array.from({ length: 10 }, () => 200),
    );
  });
});
