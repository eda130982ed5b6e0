import { vi } from 'vitest';

/**
 * Waits until `check` throws no more. Its bound is for what hangs: no test may fail because the machine is slow.
 * @returns what `check` returned.
 */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 120_000, interval: 20 });
