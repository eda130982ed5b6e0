import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { alone, browser, clock } from '#core/testing/projects.ts';
import { root } from '../scripts/generate/discover.ts';

const files = (
  await Promise.all(
    ['functions', 'db', 'scripts', 'local', 'faults', 'stacks'].map(async (folder) =>
      (
        await readdir(new URL(`${folder}/`, root), { recursive: true })
      )
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => `${folder}/${name}`),
    ),
  )
).flat();
const texts = new Map(
  await Promise.all(
    files.map(async (file): Promise<[string, string]> => [file, await readFile(new URL(file, root), 'utf8')]),
  ),
);
const own = 'functions/test-projects.test.ts';
const saying = (pattern: RegExp) =>
  files.filter((file) => file !== own && pattern.test(texts.get(file) ?? '')).sort();

describe('test files', () => {
  test('are in one project each, and those that a list names are there', () => {
    const named = [...Object.keys(alone), ...browser, ...clock];
    expect(named.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
    expect(new Set(named).size).toBe(named.length);
  });

  test('that change what one process has for all run alone', () => {
    // What a mocked module, a flag of V8, a spy on a global or a listener of the process does, no file can undo for the next one.
    const marked =
      /vi\.(do)?[mM]ock\(|vi\.spyOn\((Buffer|JSON|globalThis|process)\b|setFlagsFromString|process\.(on|once|chdir)\(/;
    expect(saying(marked)).toEqual(Object.keys(alone).sort());
  });

  test('that open a browser are in the project of that name', () => {
    expect(saying(/\bdescribeInBrowser\b/)).toEqual([...browser].sort());
  });
});

describe('no test depends on how fast the machine is', () => {
  test('each waits by `eventually` or `expect.poll`, whose bounds are for what hangs', () => {
    expect(saying(/vi\.wait(For|Until)\(/)).toEqual([]);
    expect(saying(/\.poll\([^;]*\{ timeout: /)).toEqual([]);
  });

  test('none has a time limit of its own, or expects that something took less than so long', () => {
    expect(saying(/^\s*\}, [\d_]{4,}\);$|vi\.setConfig\(|\btimeout: [\d_]{4,} \}, (async )?\(/m)).toEqual([]);
    expect(saying(/expect\((performance|Date)\.now\(\) - \w+\)\s*\.toBeLessThan/)).toEqual([]);
  });
});
