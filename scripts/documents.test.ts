import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };

const root = new URL('../', import.meta.url);
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...(await readdir(new URL('docs/', root))).map((name) => `docs/${name}`),
];
const aliases = Object.entries(manifest.imports as Record<string, string>);

/** The file that `#core/endpoint.ts` names. */
function fileOf(specifier: string): string | undefined {
  const found = aliases.find(([alias]) => specifier.startsWith(alias.replace('*', '')));
  if (!found) return undefined;
  const [alias, place] = found;
  return place.replace('*', specifier.slice(alias.length - 1));
}

test('the examples of the documents import files that are there', async () => {
  const missing: string[] = [];
  let count = 0;
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const text = await readFile(new URL(page, root), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/ from '(#[^']+)'/g)) {
      count++;
      const file = fileOf(specifier);
      if (!file || !existsSync(new URL(file, root))) missing.push(`${page}: ${specifier}`);
    }
  }
  expect(count).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});

test('the files that the documents name are there', async () => {
  const missing: string[] = [];
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const text = await readFile(new URL(page, root), 'utf8');
    for (const [, path = ''] of text.matchAll(
      /`((?:functions|db|local|scripts|faults|bench|stacks)\/[\w./-]+\.(?:ts|sql|txt|json|yml))`/g,
    ))
      if (!existsSync(new URL(path, root))) missing.push(`${page}: ${path}`);
  }
  expect(missing).toEqual([]);
});
