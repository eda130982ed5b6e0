import { type StackServer, startStackServer } from '../../faults/shared/stack-server.ts';
import type { BenchDatabase } from '../database/bench-database.ts';
import { databaseConnections } from './bare-server.ts';

/** The embedded stack on the benchmark's database. */
export function startOurServer(
  database: BenchDatabase,
  logFile: string,
  options: { env?: Record<string, string>; nodeFlags?: string[] } = {},
): Promise<StackServer> {
  const profiles = process.env.BENCH_CPU_PROFILE; // a folder: where to leave a profile of each server
  return startStackServer({
    databaseUrl: database.url,
    adminUrl: database.adminUrl,
    logFile,
    nodeFlags: [
      ...(options.nodeFlags ?? []),
      ...(profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : []),
    ],
    env: { DATABASE_POOL_SIZE: String(databaseConnections), ...options.env },
  });
}
