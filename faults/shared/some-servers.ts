import type { Ground } from './ground.ts';
import { type StackServer, startStackServer } from './stack-server.ts';

/** Another server of the ground's database. Of two that look for a free port at once, both may find the same. */
export async function startServer(ground: Ground, env: Record<string, string> = {}): Promise<StackServer> {
  const { url: databaseUrl, adminUrl, logFile } = ground;
  for (let attempt = 1; ; attempt++) {
    try {
      return await startStackServer({ databaseUrl, adminUrl, logFile, env: { LOG_LEVEL: 'warn', ...env } });
    } catch (error) {
      if (attempt === 3 || !String(error).includes('EADDRINUSE')) throw error;
    }
  }
}

/** Several server processes of one database, for as long as `run` takes. It may put others in their places. */
export async function withServers<T>(
  ground: Ground,
  count: number,
  run: (servers: StackServer[]) => Promise<T>,
): Promise<T> {
  const started = await Promise.allSettled(Array.from({ length: count }, () => startServer(ground)));
  const servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    for (const each of started) if (each.status === 'rejected') throw each.reason;
    return await run(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
