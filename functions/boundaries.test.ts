import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { deployableFiles, root } from '../scripts/generate/discover.ts';
import { sourceFile } from '../scripts/generate/import-graph.ts';

const sourcesUnder = async (folder: string): Promise<string[]> =>
  (await readdir(new URL(`${folder}/`, root), { recursive: true }))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);

const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/');
const isGenerated = (file: string) => file.startsWith('functions/_generated/');

/** `calls` for a file of that feature, undefined for one of no feature. */
const featureOf = (file: string): string | undefined => /^functions\/([a-z][^/]*)\//.exec(file)?.[1];

const sources = (await Promise.all(['functions', 'db', 'scripts'].map(sourcesUnder))).flat();
const product = sources.filter((file) => !isTest(file) && !isGenerated(file) && !file.startsWith('scripts/'));
const edges = product.flatMap((from) => sourceFile(from).files.map((to) => ({ from, to })));
const told = (broken: { from: string; to: string }[]) => broken.map(({ from, to }) => `${from} → ${to}`);

describe('imports point one way', () => {
  test('_core imports no feature, no provider and nothing generated', () => {
    const allowed = /^(functions\/_core\/|db\/)/;
    const broken = edges.filter(({ from, to }) => from.startsWith('functions/_core/') && !allowed.test(to));
    expect(told(broken)).toEqual([]);
  });

  test('providers import only core and each other', () => {
    const allowed = /^functions\/(_core|_providers)\//;
    const broken = edges.filter(
      ({ from, to }) => from.startsWith('functions/_providers/') && !allowed.test(to),
    );
    expect(told(broken)).toEqual([]);
  });

  test('db imports nothing of ours', () => {
    const broken = edges.filter(({ from, to }) => from.startsWith('db/') && !to.startsWith('db/'));
    expect(told(broken)).toEqual([]);
  });

  test('a feature imports of another only its public.ts', () => {
    const broken = edges.filter(({ from, to }) => {
      const [own, other] = [featureOf(from), featureOf(to)];
      return own && other && own !== other && to !== `functions/${other}/public.ts`;
    });
    expect(told(broken)).toEqual([]);
  });

  test('of generated files, features import only data', () => {
    const broken = edges.filter(({ to }) => isGenerated(to) && !to.endsWith('.json'));
    expect(told(broken)).toEqual([]);
  });

  test('nothing that is deployed imports scripts, tests or the test harness', () => {
    const broken = edges.filter(({ to }) => to.startsWith('scripts/') || isTest(to));
    expect(told(broken)).toEqual([]);
  });

  test('every import of ours finds its file', () => {
    const known = new Set(sources);
    const broken = edges.filter(({ to }) => to.endsWith('.ts') && !known.has(to) && !isGenerated(to));
    expect(told(broken)).toEqual([]);
  });
});

describe('importing what is deployed', () => {
  /** In a process of its own, where reading a setting or opening a connection is seen. */
  const probe = (files: string[]) => `
    import net from 'node:net';
    const seen = [];
    process.env = new Proxy({ ...process.env }, {
      get(target, name) {
        const caller = (new Error().stack ?? '').split('\\n')[2] ?? '';
        if (caller.includes('/functions/')) seen.push('reads ' + String(name) + caller);
        return target[name];
      },
    });
    net.Socket.prototype.connect = () => { seen.push('connects'); throw new Error('connected'); };
    const started = performance.now();
    for (const file of ${JSON.stringify(files)}) await import(file);
    console.log(JSON.stringify({ seen, ms: performance.now() - started }));
  `;

  test('reads no setting, opens no connection, and takes little time', async () => {
    const files = (await deployableFiles()).map((file) => new URL(file, root).href);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', probe(files)],
      { cwd: root.pathname, timeout: 30_000, env: { PATH: process.env.PATH } },
    );
    const { seen, ms } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
    expect(seen).toEqual([]);
    // About a second on an idle machine, most of it compiling TypeScript; more says that something is done on import.
    expect(ms).toBeLessThan(60_000); // what hangs; how long it takes is seen in bench/
  });
});
