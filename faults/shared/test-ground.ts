import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ground } from './ground.ts';

/** The database of the test worker, for the light version of a fault. */
export const testGround = (name: string): Ground => ({
  url: process.env.DATABASE_URL ?? '',
  adminUrl: process.env.TEST_ADMIN_DATABASE_URL ?? '',
  logFile: join(tmpdir(), `trunkline-fault-${name}-${process.pid}.log`),
  say: () => {},
});
