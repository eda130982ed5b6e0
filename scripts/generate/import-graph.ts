import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { jobQueues } from '../../functions/_core/work/queue.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { root } from './discover.ts';

/** `#core/*` → `functions/_core/`, as package.json says it. */
const places = Object.entries(packageJson.imports).map(
  ([alias, target]): [prefix: string, folder: string] => [alias.slice(0, -1), target.slice(2, -1)],
);

export interface SourceFile {
  text: string;
  /** Our own files that it imports, types included, as paths from the root. */
  files: string[];
  packages: string[];
}

/** The file of ours that an import names, as a path from the root; nothing for a package. */
export function ownFile(specifier: string, importer: string): string | undefined {
  const place = places.find(([prefix]) => specifier.startsWith(prefix));
  if (place) return specifier.replace(...place);
  if (!specifier.startsWith('.')) return undefined;
  return new URL(specifier, new URL(importer, root)).href.slice(root.href.length);
}

const read = new Map<string, SourceFile>();

/** A source file with what it imports. `file` is a path from the repository's root. */
export function sourceFile(file: string): SourceFile {
  const known = read.get(file);
  if (known) return known;
  const text = readFileSync(new URL(file, root), 'utf8');
  const source: SourceFile = { text, files: [], packages: [] };
  for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
    const own = ownFile(fileName, file);
    if (own === undefined) source.packages.push(fileName);
    else source.files.push(own);
  }
  read.set(file, source);
  return source;
}

/** The file and all that it imports, directly or not. */
export function reachableFrom(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || !file.endsWith('.ts')) return seen;
  seen.add(file);
  for (const next of sourceFile(file).files) reachableFrom(next, seen);
  return seen;
}

const wakes = /\bwake(?:Own)?\(\s*(?:[\w.]+ \?\? )?'(\w+)'/g;
/** A job for another queue than `jobs`, or the worker of one, which wakes itself for the next part of a job. */
const namesJobQueue = new RegExp(
  `\\bqueue: '(${jobQueues.filter((name) => name !== 'jobs').join('|')})'`,
  'g',
);

/**
 * The queues that running the file can wake: something that it reaches calls wake() for them, or names them as the queue of
 * a job.
 */
export function queuesWokenBy(file: string): Set<string> {
  const queues = new Set<string>();
  for (const reached of reachableFrom(file)) {
    for (const names of [wakes, namesJobQueue])
      for (const [, queue] of sourceFile(reached).text.matchAll(names)) if (queue) queues.add(queue);
  }
  return queues;
}

/** Whether running the file can read the AWS SDK, which stands beside the functions that do. */
export const canReadSdk = (file: string): boolean =>
  [...reachableFrom(file)].some((reached) => reached.startsWith('functions/_core/clients/aws-sdk/'));
