import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { type Counts, demand, type Ground, until, withAdmin } from './shared/ground.ts';
import { atOnce, type JsonAnswer, kindsOf, postJson } from './shared/json-requests.ts';
import { randomOrder } from './shared/random-order.ts';
import { deployedEnvironment } from './shared/server-environment.ts';
import { startServer, withServers } from './shared/some-servers.ts';
import type { StackServer } from './shared/stack-server.ts';

export interface Round {
  /** When the server dies. Before its effect is committed and after it, before the answer is kept, it is made to wait. */
  killed: 'at any moment' | 'before its effect' | 'after its effect';
  /** Whether the others' patience ends first, or the dead one's time is over while they still wait. */
  retried: 'later' | 'meanwhile';
}

const longestLifeMs = 150;
const retries = 20;
/** Any number that no other lock has. */
const lockNumber = 7_041_903;

/** Makes writes with a key of this test wait at two places for as long as we hold a lock. */
async function makeHolds(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create schema fault_holds;
    create function fault_holds.hold() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock_shared(${lockNumber});
        return new;
      end $$;
    create trigger held before insert on apps for each row
      when (new.name like 'before its effect %') execute function fault_holds.hold();
    create trigger held before update of answer on idempotency_keys for each row
      when (new.key like 'after its effect %' and new.answer is not null) execute function fault_holds.hold()`);
}

/** Holds what comes to one of those places, until it is let go. */
async function holdUp(sql: Sql): Promise<{ waiting(): Promise<number[]>; letGo(): Promise<void> }> {
  const holder = await sql.reserve();
  await holder`select pg_advisory_lock(${lockNumber})`;
  return {
    waiting: async () => {
      const rows = await sql<{ pid: number }[]>`
        select l.pid from pg_locks l join pg_database d on d.oid = l.database
         where d.datname = current_database() and l.locktype = 'advisory' and l.objid = ${lockNumber} and not l.granted`;
      return rows.map(({ pid }) => pid);
    },
    letGo: async () => {
      await holder`select pg_advisory_unlock(${lockNumber})`;
      holder.release();
    },
  };
}

/** How often the write was done. */
async function effectsOf(sql: Sql, name: string): Promise<number[]> {
  const [row] = await sql<{ companies: number; apps: number; keys: number }[]>`
    select (select count(*)::int from companies where name = ${name}) as companies,
      (select count(*)::int from apps where name = ${name}) as apps,
      (select count(*)::int from api_keys k join apps a on a.id = k.app_id where a.name = ${name}) as keys`;
  return [row?.companies ?? 0, row?.apps ?? 0, row?.keys ?? 0];
}

/** As if a minute had gone by since it began: an instance that has not answered by then counts as dead. */
const passAMinute = (sql: Sql, key: string) =>
  sql`update idempotency_keys set started_at = started_at - interval '61 seconds' where key = ${key}`;

const isLost = ({ status, text }: JsonAnswer) => status === 409 && text.includes('its answer was lost');
const isRunning = ({ status, text }: JsonAnswer) => status === 409 && text.includes('still running');
const isDone = ({ status }: JsonAnswer) => status === 201;

interface Played {
  answers: JsonAnswer[];
  retried: JsonAnswer[];
  effectsBefore: number;
  effectsAfter: number;
}

/** @param doomed Is killed. */
async function play(
  sql: Sql,
  servers: readonly StackServer[],
  doomed: StackServer,
  round: Round,
  size: { requests: number; lifeMs: number },
): Promise<Played> {
  const name = `${round.killed} ${randomUUID()}`;
  const write = (url: string) =>
    postJson(
      `${url}/internal/apps`,
      { name },
      { 'x-internal-secret': deployedEnvironment.INTERNAL_API_SECRET, 'idempotency-key': name },
    );
  let asked: Promise<JsonAnswer[]>;
  if (round.killed === 'at any moment') {
    asked = atOnce(size.requests, servers, write);
    await sleep(size.lifeMs);
    await doomed.kill();
  } else {
    const held = await holdUp(sql);
    try {
      const first = write(doomed.url);
      await until(
        'the write waits where it is held',
        async () => (await held.waiting()).length > 0,
        10_000,
        5,
      );
      const others = atOnce(size.requests - 1, servers, write);
      asked = Promise.all([first, others]).then(([one, rest]) => [one, ...rest]);
      await sleep(size.lifeMs);
      await doomed.kill();
      // What it still had to say dies with it, as with its machine.
      for (const pid of await held.waiting()) await sql`select pg_terminate_backend(${pid}, 5000)`;
    } finally {
      await held.letGo();
    }
    if (round.retried === 'meanwhile') await passAMinute(sql, name);
  }
  const answers = await asked;
  const effects = await effectsOf(sql, name);
  demand(
    new Set(effects).size === 1 && (effects[0] ?? 0) <= 1,
    `Killed ${round.killed}: ${effects} companies, apps and keys.`,
  );
  await passAMinute(sql, name);
  const survivors = servers.filter((server) => server !== doomed);
  const retried = await atOnce(retries, survivors, write);

  const said = `Killed ${round.killed}: ${kindsOf(answers)}; then ${kindsOf(retried)}.`;
  const odd = answers.find(
    (answer) => answer.status !== 0 && !isDone(answer) && !isLost(answer) && !isRunning(answer),
  );
  demand(odd === undefined, `${said} ${odd?.text}`);
  const broken = answers.filter(({ status }) => status === 0).length;
  demand(broken <= Math.ceil(size.requests / servers.length) + 1, `${said} Too many connections broke.`);
  const texts = new Set([...answers, ...retried].filter(isDone).map(({ text }) => text));
  demand(texts.size <= 1, `${said} ${texts.size} different answers.`);
  demand(retried.every(isDone) || retried.every(isLost), `${said} The retries do not agree.`);
  demand(!(retried.every(isLost) && texts.size > 0), `${said} The answer was lost that others had.`);
  const after = await effectsOf(sql, name);
  demand(after.join() === '1,1,1', `${said} ${after} companies, apps and keys.`);
  if (round.killed === 'after its effect') demand(retried.every(isLost), `${said} It was done again.`);
  if (round.killed === 'before its effect') demand(retried.every(isDone), `${said} It was not done.`);
  return { answers, retried, effectsBefore: effects[0] ?? 0, effectsAfter: Math.max(...after) };
}

/**
 * A write with an Idempotency-Key comes many times at the same instant, to several servers, one of which is killed with
 * kill -9: it has one effect, and the next try gets its answer, or is told that the answer is lost.
 */
export async function repeatedWrites(
  ground: Ground,
  size: { servers: number; requests: number; rounds: readonly Round[]; seed: number },
): Promise<Counts> {
  const random = randomOrder(size.seed);
  return await withServers(ground, size.servers, (servers) =>
    withAdmin(ground, async (sql) => {
      await makeHolds(sql);
      try {
        const played: Played[] = [];
        for (const [index, round] of size.rounds.entries()) {
          const [doomed] = servers;
          if (!doomed) throw new Error('It takes a server.');
          const lifeMs = random.next() * longestLifeMs;
          played.push(await play(sql, [...servers], doomed, round, { ...size, lifeMs }));
          await doomed.stop();
          servers.shift();
          if (index < size.rounds.length - 1) servers.push(await startServer(ground));
        }
        const count = (is: (answer: JsonAnswer) => boolean, of: 'answers' | 'retried') =>
          played.reduce((sum, each) => sum + each[of].filter(is).length, 0);
        return {
          'rounds, each with a server killed': size.rounds.length,
          'equal writes each, and retries': `${size.requests} ${retries}`,
          'answered with the one answer': count(isDone, 'answers'),
          'answered 409, still running': count(isRunning, 'answers'),
          'answered 409, answer lost': count(isLost, 'answers'),
          'connections broken': count(({ status }) => status === 0, 'answers'),
          'effects before the retries': played.reduce((sum, { effectsBefore }) => sum + effectsBefore, 0),
          'effects after them': played.reduce((sum, { effectsAfter }) => sum + effectsAfter, 0),
          'retries that got the answer': count(isDone, 'retried'),
          'retries told that it is lost': count(isLost, 'retried'),
        };
      } finally {
        await sql`drop schema fault_holds cascade`;
      }
    }),
  );
}
