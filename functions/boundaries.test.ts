import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { deployableFiles, root } from '../scripts/generate/discover.ts';
import { sourceFile } from '../scripts/generate/import-graph.ts';

const sourcesUnder = async (folder: string): Promise<string[]> =>
  (await readdir(new URL(`${folder}/`, root), { recursive: true }))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);

const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/');
const isGenerated = (file: string) => file.startsWith('functions/_generated/');

/** `telephony/calls` for a file of that feature, undefined for one of no feature. */
const featureOf = (file: string): string | undefined =>
  /^functions\/((?!_|providers\/)[^/]+\/[^/]+)\//.exec(file)?.[1];

/**
 * Where a file stands in the drawing below: its domain. The model of telephony stands apart, because providers translate
 * into it.
 */
const placeOf = (file: string): string | undefined =>
  file.startsWith('functions/telephony/model/') ? 'telephony/model' : /^functions\/([^/]+)\//.exec(file)?.[1];

/**
 * The drawing: from top to bottom, and what each place may import besides the core and the database's schema. A domain
 * that is written here before it has a folder keeps its place.
 */
const drawing: Record<string, readonly string[]> = {
  platform: ['outgoing', 'data', 'integrations', 'telephony', 'identity', 'messaging', 'telephony/model'],
  outgoing: ['telephony', 'identity', 'messaging', 'telephony/model'],
  data: [
    'integrations',
    'commerce',
    'scheduling',
    'knowledge',
    'telephony',
    'crm',
    'identity',
    'telephony/model',
  ],
  integrations: ['telephony', 'crm', 'identity', 'providers', 'telephony/model'],
  commerce: ['telephony', 'crm', 'identity', 'providers'],
  scheduling: ['telephony', 'crm', 'identity', 'providers'],
  knowledge: ['telephony', 'crm', 'identity', 'providers'],
  telephony: ['crm', 'identity', 'providers', 'telephony/model'],
  crm: ['identity'],
  identity: ['messaging', 'providers'],
  messaging: [],
  providers: ['telephony/model'],
  'telephony/model': [],
};

const sources = (
  await Promise.all(['functions', 'db', 'scripts', 'local', 'faults'].map(sourcesUnder))
).flat();
const product = sources.filter(
  (file) => !isTest(file) && !isGenerated(file) && /^(functions|db)\//.test(file),
);
const edges = product.flatMap((from) => sourceFile(from).files.map((to) => ({ from, to })));
const told = (broken: { from: string; to: string }[]) => broken.map(({ from, to }) => `${from} → ${to}`);

/** The groups of more than one that reach each other (Tarjan). */
function circles(names: readonly string[], next: (name: string) => readonly string[]): string[][] {
  const seen = new Map<string, { index: number; low: number; isOpen: boolean }>();
  const open: string[] = [];
  const found: string[][] = [];
  function visit(name: string) {
    const own = { index: seen.size, low: seen.size, isOpen: true };
    seen.set(name, own);
    open.push(name);
    for (const other of next(name)) {
      const known = seen.get(other);
      if (!known) own.low = Math.min(own.low, visit(other).low);
      else if (known.isOpen) own.low = Math.min(own.low, known.index);
    }
    if (own.low === own.index) {
      const group = open.splice(open.indexOf(name));
      for (const member of group) {
        const state = seen.get(member);
        if (state) state.isOpen = false;
      }
      if (group.length > 1) found.push(group);
    }
    return own;
  }
  for (const name of names) if (!seen.has(name)) visit(name);
  return found;
}

describe('imports point one way', () => {
  test('the drawing has no circle', () => {
    expect(circles(Object.keys(drawing), (place) => drawing[place] ?? [])).toEqual([]);
  });

  test('each domain imports what the drawing lets it', () => {
    const broken = edges.filter(({ from, to }) => {
      const [own, other] = [placeOf(from), placeOf(to)];
      if (!own || !other || own === other || own.startsWith('_') || other.startsWith('_')) return false;
      return !drawing[own]?.includes(other);
    });
    expect(told(broken)).toEqual([]);
  });

  test('every folder of functions/ is in the drawing', () => {
    const places = new Set(product.map(placeOf).filter((place) => place && !place.startsWith('_')));
    expect([...places].filter((place) => place && !(place in drawing))).toEqual([]);
  });

  test('the core imports nothing of a domain, and nothing generated', () => {
    const broken = edges.filter(
      ({ from, to }) => from.startsWith('functions/_core/') && !/^(functions\/_core\/|db\/)/.test(to),
    );
    expect(told(broken)).toEqual([]);
  });

  test('db imports nothing of ours', () => {
    const broken = edges.filter(({ from, to }) => from.startsWith('db/') && !to.startsWith('db/'));
    expect(told(broken)).toEqual([]);
  });

  test('a feature imports of another only its public.ts, and of a domain its model', () => {
    const broken = edges.filter(({ from, to }) => {
      const [own, other] = [featureOf(from), featureOf(to)];
      if (!other || own === other || other === 'telephony/model') return false;
      return own !== undefined && to !== `functions/${other}/public.ts`;
    });
    expect(told(broken)).toEqual([]);
  });

  test('no files import each other in a circle, not even types', () => {
    const known = new Set(product);
    const next = (file: string) => sourceFile(file).files.filter((to) => known.has(to));
    expect(circles(product, next)).toEqual([]);
  });

  test('of generated files, features import only data', () => {
    const broken = edges.filter(({ to }) => isGenerated(to) && !to.endsWith('.json'));
    expect(told(broken)).toEqual([]);
  });

  test('nothing that is deployed imports scripts, local servers, tests or the test harness', () => {
    const broken = edges.filter(({ to }) => /^(scripts|local|faults|bench)\//.test(to) || isTest(to));
    expect(told(broken)).toEqual([]);
  });

  test('every import of ours finds its file', () => {
    const known = new Set(sources);
    const broken = edges.filter(({ to }) => to.endsWith('.ts') && !known.has(to) && !isGenerated(to));
    expect(told(broken)).toEqual([]);
  });
});

describe('the AWS SDK', () => {
  const sdkFolder = 'functions/_core/clients/aws-sdk/';
  const isOfSdk = (name: string) => /^@(aws-sdk|smithy)\/|\/aws-sdk\/[\w-]+\.ts$/.test(name);

  /** What a file imports of it when it is loaded, and what only when it says import(). */
  function importsOf(file: string): { atOnce: string[]; lazily: string[] } {
    const tree = ts.createSourceFile(file, sourceFile(file).text, ts.ScriptTarget.Latest, true);
    const atOnce: string[] = [];
    const lazily: string[] = [];
    const visit = (node: ts.Node): void => {
      const from =
        ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined;
      const isType =
        (ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) ||
        (ts.isExportDeclaration(node) && node.isTypeOnly);
      if (from && ts.isStringLiteral(from) && !isType) atOnce.push(from.text);
      if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
        const [name] = node.arguments;
        if (name && ts.isStringLiteral(name)) lazily.push(name.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
    return { atOnce: atOnce.filter(isOfSdk), lazily: lazily.filter(isOfSdk) };
  }

  test('is reached by import() only, through the few files that stand for it', () => {
    const outside = product.filter((file) => {
      const { files, packages } = sourceFile(file);
      return !file.startsWith(sdkFolder) && [...files, ...packages].some(isOfSdk);
    });
    const found = outside.map((file) => ({ file, ...importsOf(file) }));
    expect(found.filter(({ atOnce }) => atOnce.length > 0)).toEqual([]);
    const lazy = found
      .filter(({ lazily }) => lazily.length > 0)
      .map(({ file, lazily }) => ({ file, lazily }));
    expect(lazy).toEqual([
      { file: 'functions/_core/clients/bucket.ts', lazily: ['./aws-sdk/s3.ts', './aws-sdk/upload.ts'] },
      { file: 'functions/_core/clients/sqs-client.ts', lazily: ['./aws-sdk/sqs.ts'] },
    ]);
  });

  test('is beside our code and never with it: what stands for it imports nothing else of ours', () => {
    const files = product.filter((file) => file.startsWith(sdkFolder));
    expect(files).toHaveLength(4);
    expect(files.flatMap((file) => sourceFile(file).files).filter((to) => !to.startsWith(sdkFolder))).toEqual(
      [],
    );
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
    for (const file of ${JSON.stringify(files)}) await import(file);
    console.log(JSON.stringify({ seen }));
  `;

  test('reads no setting and opens no connection', async () => {
    const files = (await deployableFiles()).map((file) => new URL(file, root).href);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', probe(files)],
      { cwd: root.pathname, env: { PATH: process.env.PATH } },
    );
    const { seen } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
    expect(seen).toEqual([]);
  });
});
