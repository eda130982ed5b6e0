import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { alone, browser, clock } from './functions/_core/testing/projects.ts';
import { SlowestFiles } from './functions/_core/testing/slowest-files.ts';

const folders = ['functions', 'db', 'scripts', 'local', 'faults', 'stacks'];
const elsewhere = [...Object.keys(alone), ...browser, ...clock];

/** Not `extends`: a project that inherits globalSetup starts a Postgres of its own. */
function project(
  name: string,
  files: { include: string[]; exclude?: string[]; isolate?: boolean },
): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      ...files,
      pool: 'forks',
      maxWorkers: 2,
      // One after the other: the first one puts things back, the second one sets them.
      setupFiles: ['functions/_core/testing/fresh.ts', 'functions/_core/testing/setup.ts'],
      sequence: { setupFiles: 'list' },
      env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }, // it warns on Node 20, once a file
      // Bounds for what hangs, not for what is slow: no test may depend on how fast the machine is.
      testTimeout: 600_000,
      hookTimeout: 600_000,
      expect: { poll: { timeout: 120_000 } },
    },
  };
}

export default defineConfig({
  test: {
    globalSetup: ['functions/_core/testing/global-setup.ts'],
    reporters: ['default', new SlowestFiles()],
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['functions/**/*.ts', 'local/**/*.ts', 'scripts/**/*.ts', 'stacks/**/*.ts', 'db/**/*.ts'],
      exclude: ['functions/_generated/**', '**/testing/**', '**/*.test.ts'],
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'dist/coverage',
    },
    projects: [
      project('shared', {
        include: folders.map((folder) => `${folder}/**/*.test.ts`),
        exclude: ['**/node_modules/**', ...elsewhere],
        isolate: false,
      }),
      project('alone', { include: Object.keys(alone) }),
      project('browser', { include: [...browser] }),
      project('clock', { include: [...clock] }),
    ],
  },
});
