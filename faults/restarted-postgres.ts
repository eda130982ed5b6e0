import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { freePort } from '../local/stack/free-port.ts';
import { localApiPassword, startPostgres } from '../local/stack/postgres.ts';
import { migrate } from '../scripts/migrate.ts';
import { type Counts, demand, type Ground, makeCompany, until, withAdmin } from './shared/ground.ts';
import { startSending } from './shared/hook-sender.ts';
import { startStackServer } from './shared/stack-server.ts';
import { statusCounts } from './shared/store-events.ts';

const name = 'trunkline';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/**
 * Postgres falls over under load, as by `pg_ctl stop -m immediate`, and comes back: what was acknowledged is there,
 * what was not was answered 503 with Retry-After, and the server goes on by itself.
 */
export async function restartedPostgres(
  ground: Pick<Ground, 'logFile' | 'say'>,
  size: { restarts: number; awayMs: number; loadMs: number; seed: number },
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-restart-'));
  chmodSync(folder, 0o755); // as root, Postgres runs as a user of its own, who must get to its folder
  const where = { folder: join(folder, 'postgres'), port: await freePort() };
  let database = await startPostgres(where);
  const admin = postgres(database.adminUrl('postgres'), { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name}`);
  await admin.end();
  const own = { ...ground, url: database.apiUrl(name), adminUrl: database.adminUrl(name) };
  await migrate(own.adminUrl, localApiPassword);
  const server = await startStackServer({
    databaseUrl: own.url,
    adminUrl: own.adminUrl,
    logFile: ground.logFile,
  });
  try {
    const company = await withAdmin(own, makeCompany);
    const sender = startSending(server.url, {
      organization: company.organization,
      senders: 8,
      pauseMs: 5,
      seed: size.seed,
    });
    for (let restart = 0; restart < size.restarts; restart++) {
      await sleep(size.loadMs);
      process.kill(database.pid, 'SIGQUIT');
      await until('Postgres is down', async () => !isAlive(database.pid), 10_000, 20);
      await sleep(size.awayMs);
      database = await startPostgres(where);
      const back = sender.sent.length;
      await until(
        'an event is accepted again',
        async () => sender.sent.slice(back).some(({ status }) => status === 200),
        15_000,
      );
    }
    await sleep(size.loadMs);
    await sender.stop();

    const accepted = sender.sent.filter(({ status }) => status === 200);
    const others = sender.sent.filter(({ status }) => status !== 200);
    const odd = others.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null);
    demand(
      odd.length === 0,
      `${odd.length} refusals were not 503 with Retry-After: ${JSON.stringify(odd[0])}`,
    );
    demand(others.length > 0, 'Nothing was refused: Postgres was not away.');
    demand(server.process.exitCode === null, 'The server ended.');
    return await withAdmin(own, async (sql) => {
      const ids = accepted.flatMap(({ id }) => id ?? []);
      const [kept] = await sql`select count(*)::int as n from inbound_events where id = any(${ids})`;
      demand(
        kept?.n === ids.length,
        `${ids.length - Number(kept?.n)} of ${ids.length} acknowledged events are lost.`,
      );
      await sql`update inbound_events set next_attempt_at = now() - interval '1 minute' where status = 'received'`;
      await server.ask('sweep');
      const waiting = async () => (await statusCounts(sql, company.id)).received ?? 0;
      await until('every event is done', async () => (await waiting()) === 0, 20_000);
      const statuses = await statusCounts(sql, company.id);
      const [all] = await sql`select count(*)::int as n from inbound_events`;
      demand(statuses.processed === all?.n, JSON.stringify(statuses));
      return {
        restarts: size.restarts,
        acknowledged: ids.length,
        lost: ids.length - Number(kept?.n),
        'answered 503': others.length,
        'kept all the same': Number(all?.n) - ids.length,
        'slowest answer, ms': Math.round(Math.max(...sender.sent.map(({ ms }) => ms))),
        processed: statuses.processed ?? 0,
      };
    });
  } finally {
    await server.stop();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
