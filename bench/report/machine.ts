import { cpus, totalmem } from 'node:os';
import type { BenchDatabase } from '../database/bench-database.ts';

/** What the figures were measured on. */
export function describeMachine(database: BenchDatabase): string[] {
  const all = cpus();
  return [
    `${all.length} cores of ${all[0]?.model ?? 'an unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory, ${process.platform} ${process.arch}; the load, the servers and Postgres share them`,
    `Node ${process.versions.node}, PostgreSQL ${database.version} (${database.settings}; fsync and synchronous_commit on)`,
    `${database.calls.toLocaleString('en')} calls of ${database.tenants.length} companies, the largest with ${((database.tenants[0]?.share ?? 0) * 100).toFixed(0)} % of them; a transcript of 1 KB each`,
  ];
}
