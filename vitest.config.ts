import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'functions/**/*.test.ts',
      'db/**/*.test.ts',
      'scripts/**/*.test.ts',
      'local/**/*.test.ts',
      'faults/**/*.test.ts',
      'stacks/**/*.test.ts',
    ],
    globalSetup: ['functions/_core/testing/global-setup.ts'],
    setupFiles: ['functions/_core/testing/setup.ts'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }, // it warns on Node 20, once a file
    pool: 'forks',
    maxWorkers: 2,
    // Bounds for what hangs, not for what is slow: no test may depend on how fast the machine is.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
