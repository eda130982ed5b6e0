import { type Child, startChild } from '../../faults/shared/child-process.ts';
import { deployedEnvironment } from '../../faults/shared/server-environment.ts';
import type { BenchDatabase } from '../database/bench-database.ts';

/** Connections to Postgres that either server has. */
export const databaseConnections = 8;

export async function startBareServer(
  database: BenchDatabase,
  logFile: string,
): Promise<Child & { port: number }> {
  const child = await startChild(new URL('./bare-server.entry.ts', import.meta.url), {
    logFile,
    env: {
      NODE_ENV: 'production',
      ADMIN_URL: database.adminUrl,
      CONNECTIONS: String(databaseConnections),
      COMPANY_ID: database.tenants[0]?.companyId ?? '',
      DIALPAD_WEBHOOK_SECRET: deployedEnvironment.DIALPAD_WEBHOOK_SECRET,
    },
  });
  return { ...child, port: Number(child.ready) };
}
