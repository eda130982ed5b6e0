import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { freePort } from '#local/stack/free-port.ts';
import { type LocalPostgres, localApiPassword, startPostgres } from '#local/stack/postgres.ts';
import { connectDatabase } from '../../../scripts/database.ts';
import { migrate } from '../../../scripts/migrate.ts';
import { endpoint } from '../endpoint.ts';
import { request } from '../testing/company.ts';
import { setSettings } from '../testing/settings.ts';
import { closeDatabase } from './pool.ts';

const ask = endpoint({
  method: 'POST',
  path: '/test/tls',
  summary: 'Ask the database for something',
  who: ['public'],
  output: z.object({ done: z.boolean() }),
  handle: ({ ctx }) => ctx.dbAs('jobs', 'a test of TLS', async () => ({ done: true })),
});
const statusNow = async () => {
  await closeDatabase();
  return (await request(ask)).status;
};

const run = promisify(execFile);
let folder: string;
let port: number;
let server: LocalPostgres;
let ca: string;
let otherCa: string;
const before = process.env.DATABASE_URL;

async function makeCa(name: string): Promise<string> {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-keyout', key, '-out', cert],
  ]);
  return await readFile(cert, 'utf8');
}

/** A certificate for localhost alone, signed by the first CA. */
async function makeServerCertificate(): Promise<{ key: string; cert: string }> {
  const [key, request, cert] = ['server.key', 'server.csr', 'server.crt'].map((name) => join(folder, name));
  const names = join(folder, 'names');
  await writeFile(names, 'subjectAltName=DNS:localhost\n');
  await run('openssl', [
    ...[
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=localhost',
    ],
    ...['-keyout', key ?? '', '-out', request ?? ''],
  ]);
  await run('openssl', [
    ...[
      'x509',
      '-req',
      '-in',
      request ?? '',
      '-CA',
      join(folder, 'first.pem'),
      '-CAkey',
      join(folder, 'first.key'),
    ],
    ...['-CAcreateserial', '-days', '2', '-extfile', names, '-out', cert ?? ''],
  ]);
  return { key: key ?? '', cert: cert ?? '' };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkline-tls-'));
  await chmod(folder, 0o755);
  port = await freePort();
  server = await startPostgres({ folder: join(folder, 'postgres'), port, flags: ['-c', 'fsync=off'] });
  await migrate(server.adminUrl('postgres'), localApiPassword);
  ca = await makeCa('first');
  otherCa = await makeCa('other');
  const { key, cert } = await makeServerCertificate();
  const { uid, gid } = await stat(join(folder, 'postgres'));
  await chown(key, uid, gid);
  await chmod(key, 0o600);
  const admin = postgres(server.adminUrl('postgres'), { max: 1 });
  await admin.unsafe(`alter system set ssl_cert_file = '${cert}'`);
  await admin.unsafe(`alter system set ssl_key_file = '${key}'`);
  await admin.unsafe('alter system set ssl = on');
  await admin`select pg_reload_conf()`;
  await admin.end();
});
afterAll(async () => {
  await closeDatabase();
  setSettings({ DATABASE_URL: before, DATABASE_CA: undefined });
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** @returns everything that clients say. */
async function proxyTo(target: number): Promise<{ port: number; said: () => Buffer }> {
  const said: Buffer[] = [];
  const proxy = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    client.on('data', (chunk) => said.push(chunk));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream])
      socket.on('error', () => {}).on('close', () => [client, upstream].map((one) => one.destroy()));
  });
  await listening(proxy);
  return { port: (proxy.address() as AddressInfo).port, said: () => Buffer.concat(said) };
}
async function listening(one: Server): Promise<void> {
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    one.close();
  });
}
const url = (host: string, at: number, query: string) =>
  `postgres://trunkline_api:${localApiPassword}@${host}:${at}/postgres${query}`;

describe('the connection to the database', () => {
  test.each([
    ['sslmode=require', undefined],
    ['sslmode=verify-ca', 'first'],
    ['sslmode=verify-full', 'first'],
  ])('with %s says nothing in the clear, and Postgres counts it as encrypted', async (query, by) => {
    const proxy = await proxyTo(port);
    setSettings({ DATABASE_URL: url('localhost', proxy.port, `?${query}`), DATABASE_CA: by && ca });
    expect(await statusNow()).toBe(200);
    const said = proxy.said();
    expect([...said.subarray(0, 8)]).toEqual([0, 0, 0, 8, 4, 210, 22, 47]); // SSLRequest
    expect(said[8]).toBe(0x16); // a TLS handshake
    expect(said.includes('trunkline_api')).toBe(false);
    const admin = postgres(server.adminUrl('postgres'), { max: 1 });
    const rows = await admin`select s.ssl from pg_stat_ssl s join pg_stat_activity a using (pid)
      where a.usename = 'trunkline_api'`;
    await admin.end();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ ssl }) => ssl === true)).toBe(true);
  });

  test.each([
    ['another CA', 'sslmode=verify-ca', 'localhost', 'other'],
    ['another CA, as sslmode=require checks one that is given', 'sslmode=require', 'localhost', 'other'],
    ['another name', 'sslmode=verify-full', '127.0.0.1', 'first'],
    ['no CA that signed it', 'sslmode=verify-full', 'localhost', ''],
  ])('is not made with %s, for the API and for commands', async (_, query, host, by) => {
    const proxy = await proxyTo(port);
    const given = by === '' ? undefined : by === 'first' ? ca : otherCa;
    setSettings({ DATABASE_URL: url(host, proxy.port, `?${query}`), DATABASE_CA: given });
    expect(await statusNow()).toBe(503);
    const connecting = connectDatabase(process.env.DATABASE_URL ?? '', { tries: 2, pauseMs: 1 });
    await expect(connecting).rejects.toThrow(
      `The database at ${host}:${proxy.port}, which DATABASE_URL names`,
    );
    await expect(connecting).rejects.not.toThrow(localApiPassword);
    expect(proxy.said().includes('trunkline_api')).toBe(false);
  });

  test('by its certificate’s CA alone is made to an address that it does not name', async () => {
    setSettings({ DATABASE_URL: url('127.0.0.1', port, '?sslmode=verify-ca'), DATABASE_CA: ca });
    expect(await statusNow()).toBe(200);
  });

  test.each(['N', 'Sand more', 'E'])('is given up where the server answers %j', async (answer) => {
    const said: Buffer[] = [];
    const fake = createServer((client) => {
      client
        .on('error', () => {})
        .on('data', (chunk) => {
          said.push(chunk);
          client.write(answer);
        });
    });
    await listening(fake);
    const { port: at } = fake.address() as AddressInfo;
    setSettings({ DATABASE_URL: url('localhost', at, '?sslmode=require'), DATABASE_CA: undefined });
    expect(await statusNow()).toBe(503);
    await expect(connectDatabase(process.env.DATABASE_URL ?? '')).rejects.toThrow('does not speak TLS');
    expect(Buffer.concat(said).length).toBe(16); // two SSLRequests, and nothing more
  });
});

describe('a database that is away', () => {
  /** Takes connections and closes them, as a proxy without a database behind it does. */
  async function closing(): Promise<{ port: number; count: () => number }> {
    let count = 0;
    const fake = createServer((client) => {
      count += 1;
      client.on('error', () => {}).end();
    });
    await listening(fake);
    return { port: (fake.address() as AddressInfo).port, count: () => count };
  }

  test('is asked by a command as often as it says, and then it says what is wrong', async () => {
    const away = await closing();
    const target = url('127.0.0.1', away.port, '');
    const connecting = connectDatabase(target, { tries: 4, pauseMs: 5 });
    await expect(connecting).rejects.toThrow(
      `The database at 127.0.0.1:${away.port}, which DATABASE_URL names, could not be reached 4 times: `,
    );
    await expect(connecting).rejects.not.toThrow(localApiPassword);
    expect(away.count()).toBe(4);
  });

  test('is found by a command once it is there', async () => {
    const proxyPort = await freePort();
    const connecting = connectDatabase(url('127.0.0.1', proxyPort, ''), { tries: 1_000, pauseMs: 20 });
    const proxy = createServer((client) => {
      const upstream = connect(port, '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(proxyPort, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.close();
    });
    const sql = await connecting;
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end();
  });

  test('is asked by 300 requests at once no more than a few times, and all are told 503', async () => {
    const away = await closing();
    setSettings({ DATABASE_URL: url('127.0.0.1', away.port, ''), DATABASE_CA: undefined });
    await closeDatabase();
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: 300 }, () => request(ask)));
    const seconds = (performance.now() - started) / 1000;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    // The pool's four at once, four while the pauses grow, and two a second from then on.
    expect(away.count()).toBeLessThanOrEqual(8 + 2 * Math.ceil(seconds));
  });
});
