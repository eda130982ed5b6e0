import { vi } from 'vitest';

/**
 * Runs before each test file's setup. In the project `shared` one process runs many files: each starts with our modules
 * evaluated anew (caches, singletons and settings read once are gone) and with the environment, the clock and the globals
 * as the first one found them. Packages stay loaded, which is what makes it fast.
 */
vi.useRealTimers();
vi.unstubAllGlobals();
vi.unstubAllEnvs();

const key = Symbol.for('trunkline.test.environment');
const kept = globalThis as { [key]?: Record<string, string | undefined> };
kept[key] ??= { ...process.env };
for (const name of Object.keys(process.env)) {
  if (!(name in kept[key]) && !name.startsWith('VITEST')) delete process.env[name];
}
for (const [name, value] of Object.entries(kept[key])) {
  if (!name.startsWith('VITEST')) process.env[name] = value;
}

vi.resetModules();
