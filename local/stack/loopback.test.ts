import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

/** The addresses, in hex as /proc/net has them, that this process and its children listen on. */
async function listeningAddresses(pids: readonly string[]): Promise<string[]> {
  const own = new Set<string>();
  for (const pid of pids) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => []))
      own.add(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''));
  }
  const found: string[] = [];
  for (const table of ['tcp', 'tcp6']) {
    const lines = (await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === '0A' && own.has(`socket:[${inode}]`)) found.push(local.split(':')[0] ?? '');
    }
  }
  return found;
}

async function familyOf(pid: string): Promise<string[]> {
  const parents = new Map<string, string>();
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    parents.set(name, stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? '');
  }
  const family = [pid];
  for (const one of family)
    for (const [child, parent] of parents) if (parent === one && !family.includes(child)) family.push(child);
  return family;
}

/** 127.x.x.x in the machine's order, ::1, and 127.x.x.x as an IPv6 address. */
const isLoopback = (address: string): boolean =>
  /^[\dA-F]{6}7F$/.test(address) ||
  address === '00000000000000000000000001000000' ||
  /^0{16}FFFF0000[\dA-F]{6}7F$/.test(address);

const isLinux = existsSync('/proc/net/tcp');

test.runIf(isLinux)('the look at a process finds one that listens on all interfaces', async () => {
  const server = createServer().listen(0, '0.0.0.0');
  onTestFinished(() => {
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  expect((await listeningAddresses([String(process.pid)])).every(isLoopback)).toBe(false);
});

test.runIf(isLinux)(
  'nothing of the stack listens elsewhere than on the loopback',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trunkline-loopback-'));
    await chmod(folder, 0o755); // as root, Postgres runs as a user of its own, who must get to its folder
    const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', DATA_DIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(async () => {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGINT');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk) => {
        output += chunk;
      });
      child.stdout.on('data', (chunk) => {
        output += chunk;
        if (output.includes('x-api-key')) resolve();
      });
      child.once('exit', () => reject(new Error(`The stack ended: ${output}`)));
    });
    const addresses = await listeningAddresses(await familyOf(String(child.pid)));
    // HTTP, Postgres, SQS, the object store and the stand-ins.
    expect(addresses.length).toBeGreaterThanOrEqual(7);
    expect(addresses.filter((address) => !isLoopback(address))).toEqual([]);
  },
  120_000,
);
