import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm/sql';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunAs } from '../database/run-as.ts';
import { forgetEnv } from '../env.ts';
import { AppError } from '../errors.ts';
import { adminSql } from '../testing/admin-sql.ts';
import { aCompany, type TestCompany } from '../testing/company.ts';
import { closeDatabase, poolState } from './pool.ts';
import { callFunction, readTogether } from './read-together.ts';
import { atCommit, type Later, rowsOf, type Tx, transaction } from './transaction.ts';

const service: RunAs = { as: 'service', role: 'jobs' };
const address = process.env.DATABASE_URL ?? '';

/** From here on, another connection string and pool. */
async function connectBy(change: (url: URL) => void, poolSize = '4'): Promise<void> {
  await closeDatabase();
  const url = new URL(address);
  change(url);
  Object.assign(process.env, { DATABASE_URL: url.href, DATABASE_POOL_SIZE: poolSize });
  forgetEnv();
}
afterEach(() => connectBy(() => {}));

let acme: TestCompany;
let member: RunAs;
const claimsOf = (companyId: string, person: { id: string; sessionId: string }) => ({
  sub: person.id,
  session_id: person.sessionId,
  role: 'authenticated',
  app_metadata: { company_id: companyId, role: 'owner' },
});
const nobody = { id: randomUUID(), sessionId: randomUUID() };
beforeAll(async () => {
  acme = await aCompany('Acme of the transactions');
  member = { as: 'user', claims: claimsOf(acme.id, await acme.as('owner')) };
});

const aName = () => `co-${randomUUID()}`;
const named = async (name: string) => (await adminSql()`select 1 from companies where name = ${name}`).length;
const addCompany = (tx: Tx, name: string) => rowsOf(tx, sql`insert into companies (name) values (${name})`);
const backendOf = sql`select pg_backend_pid() as pid`;
/** Returns once the backend is gone: Postgres waits for it. */
const cutOff = (pid: number) => adminSql()`select pg_terminate_backend(${pid}, 60000)`;

describe.each(['prepared', 'in simple queries'])('a transaction, its statements %s', (mode) => {
  const useMode = (poolSize?: string) =>
    connectBy((url) => mode === 'prepared' || url.searchParams.set('prepare', 'false'), poolSize);

  test('is undone when anything is thrown in it', async () => {
    await useMode();
    const name = aName();
    const failing = transaction(service, async (tx) => {
      await addCompany(tx, name);
      throw new AppError('CONFLICT');
    });
    await expect(failing).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await named(name)).toBe(0);
    await transaction(service, (tx) => addCompany(tx, name));
    expect(await named(name)).toBe(1);
  });

  test('does nothing for a caller that the database refuses', async () => {
    await useMode('1');
    const stranger: RunAs = { as: 'user', claims: claimsOf(acme.id, nobody) };
    const viewer = await acme.as('viewer');
    const weak: RunAs = { as: 'user', claims: claimsOf(acme.id, viewer), role: 'admin' };
    const before = await adminSql()`select count(*)::int as n from agents`;
    const write = (runAs: RunAs) =>
      transaction(runAs, (tx) =>
        rowsOf(tx, sql`insert into agents (company_id, kind) values (${acme.id}, 'ai') returning id`),
      );
    for (let round = 0; round < 2; round++) {
      await expect(write(stranger)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(write(weak)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(readTogether(stranger, [sql`select 1`])).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
      await expect(readTogether(weak, [sql`select 1`])).rejects.toMatchObject({ code: 'FORBIDDEN' });
      // The same connection goes on as if nothing had been.
      expect(await readTogether(member, [sql`select 1 as one`])).toEqual([[{ one: 1 }]]);
    }
    expect(await adminSql()`select count(*)::int as n from agents`).toEqual(before);
    expect(poolState()).toMatchObject({ open: 1, idle: 1 });
  });

  test('tells a bad value from a broken connection, and goes on after either', async () => {
    await useMode('1');
    await expect(readTogether(member, [sql`select ${'x'}::int`])).rejects.toMatchObject({ code: '22P02' });
    await expect(readTogether(member, [sql`select ${'a\0b'}::text`])).rejects.toMatchObject({
      code: '22021',
    });
    expect(await readTogether(member, [sql`select 1 as one`, sql`select 2 as two`])).toEqual([
      [{ one: 1 }],
      [{ two: 2 }],
    ]);
  });

  test('takes every kind of parameter for data, never for SQL', async () => {
    await useMode();
    const attacks = [
      "'; delete from companies; --",
      "\\'; delete from companies; --",
      '$1',
      "x' or 'a'='a",
      '\\',
      "'",
    ];
    for (const attack of attacks) {
      const found = await readTogether(member, [
        sql`select ${attack}::text as text, ${attack} = ${attack}::text as same, ${Buffer.from(attack)}::bytea as bytes, ${null}::text as nothing`,
        sql`select id from companies where name = ${attack}`,
      ]);
      expect(found).toEqual([[{ text: attack, same: true, bytes: Buffer.from(attack), nothing: null }], []]);
      const stored = await transaction(service, async (tx) => {
        const [row] = await rowsOf<{ name: string }>(
          tx,
          sql`insert into companies (name) values (${attack}) returning name`,
        );
        return row?.name;
      });
      expect(stored).toBe(attack);
      const hostile: RunAs = {
        as: 'user',
        claims: { ...claimsOf(acme.id, nobody), note: attack },
        role: attack,
      };
      await expect(transaction(hostile, async () => {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  test('gives the rows of what goes out with the commit after it, and never before', async () => {
    await useMode();
    const names = [aName(), aName()] as const;
    const add = (name: string) => sql`insert into companies (name) values (${name}) returning name, id`;
    const confirmation = { text: 'select 1 as confirmed', params: [] };
    const [first, second, none] = await transaction(
      service,
      async (tx) => {
        const made = [
          atCommit<{ name: string; id: string }>(tx, add(names[0])),
          atCommit<{ name: string }>(tx, add(names[1])),
          atCommit(tx, sql`select 1 where false`),
        ] as const;
        await rowsOf(tx, sql`select 1`);
        for (const later of made) expect(() => later.rows).toThrow('before it is through');
        expect(await named(names[0])).toBe(0);
        return made;
      },
      { confirmation, mark: { text: 'select 2 as last', params: [] } },
    );
    expect(first.rows).toEqual([{ name: names[0], id: expect.any(String) }]);
    expect(second.rows).toMatchObject([{ name: names[1] }]);
    expect(none.rows).toEqual([]);
    expect(await named(names[1])).toBe(1);
  });

  test('never gives rows of what was rolled back', async () => {
    await useMode();
    const kept: Later<unknown>[] = [];
    const leave = (tx: Tx) => void kept.push(atCommit(tx, sql`select 1 as one`));
    const thrown = transaction(service, async (tx) => {
      leave(tx);
      throw new Error('no');
    });
    await expect(thrown).rejects.toThrow('no');
    const refused = transaction(service, async (tx) => {
      leave(tx);
      atCommit(tx, sql`select 1 / 0`);
      leave(tx);
    });
    await expect(refused).rejects.toThrow('division by zero');
    expect(kept).toHaveLength(3);
    for (const later of kept) expect(() => later.rows).toThrow('before it is through');
  });

  test('takes numbers without gaps by what goes out with the commit, also where transactions fail', async () => {
    await useMode();
    const [series] = await adminSql()<{ id: string }[]>`insert into jobs (kind) values ('test') returning id`;
    const take = sql`update jobs set taken = taken + 1 where id = ${series?.id}::uuid returning taken as n`;
    const numbers: number[] = [];
    await Promise.allSettled(
      Array.from({ length: 30 }, async (_, i) => {
        const later = await transaction(service, async (tx) => {
          const taken = atCommit<{ n: number }>(tx, take);
          await rowsOf(tx, sql`select 1`);
          if (i % 3 === 0) throw new Error('no');
          return taken;
        });
        numbers.push(later.rows[0]?.n ?? 0);
      }),
    );
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('sees one state throughout where it is a snapshot, and writes nothing', async () => {
    await useMode();
    const owner = await acme.as('owner');
    const person: RunAs = { as: 'user', claims: claimsOf(acme.id, owner), role: 'viewer' };
    const count = sql<{ n: number }>`select count(*)::int as n from agents`;
    const addAgent = () => adminSql()`insert into agents (company_id, kind) values (${acme.id}, 'ai')`;
    for (const runAs of [service, person]) {
      const seen = async (snapshot: boolean) =>
        await transaction(
          runAs,
          async (tx) => {
            const [before] = await rowsOf<{ n: number }>(tx, count);
            await addAgent();
            const [after] = await rowsOf<{ n: number }>(tx, count);
            return (after?.n ?? 0) - (before?.n ?? 0);
          },
          { snapshot },
        );
      expect([await seen(true), await seen(false), await seen(true)]).toEqual([0, 1, 0]);
    }
    const name = aName();
    const writing = transaction(service, (tx) => addCompany(tx, name), { snapshot: true });
    await expect(writing).rejects.toThrow('read-only transaction');
    const late = transaction(
      service,
      async (tx) => atCommit(tx, sql`insert into companies (name) values (${name})`),
      {
        snapshot: true,
      },
    );
    await expect(late).rejects.toThrow('read-only transaction');
    expect(await named(name)).toBe(0);
    await transaction(service, (tx) => addCompany(tx, name)); // the connection is as before
    expect(await named(name)).toBe(1);
  });

  test('leaves nothing of its caller on the connection', async () => {
    await useMode('1');
    const who = sql`select current_user as role, current_setting('request.jwt.claims', true) as claims`;
    const [asMember] = (await readTogether(member, [who]))[0] ?? [];
    expect(asMember).toMatchObject({ role: 'trunkline_member', claims: expect.stringContaining(acme.id) });
    const nobody = { role: 'trunkline_api', claims: expect.stringMatching(/^$/) };
    expect(await callFunction(who)).toEqual([nobody]);
    await transaction(member, async (tx) => await rowsOf(tx, who));
    expect(await callFunction(who)).toEqual([nobody]);
    await transaction(service, () => Promise.reject(new Error('no'))).catch(() => {});
    expect(await transaction({ as: 'nobody' }, (tx) => rowsOf(tx, who))).toEqual([nobody]);
    expect(poolState().open).toBe(1);
  });

  test('commits nothing when its connection is cut in the middle, and says that the database is away', async () => {
    await useMode('1');
    const name = aName();
    let wentOn = 0;
    const cut = transaction(service, async (tx) => {
      await addCompany(tx, name);
      const [row] = await rowsOf<{ pid: number }>(tx, backendOf);
      await cutOff(row?.pid ?? 0);
      wentOn++;
      await rowsOf(tx, sql`insert into companies (name) values (${name})`);
    });
    await expect(cut).rejects.toMatchObject({ code: 'UNAVAILABLE', headers: { 'retry-after': '5' } });
    expect(wentOn).toBe(1);
    expect(await named(name)).toBe(0);
    // Nor when nothing but the commit comes after the cut …
    const late = transaction(service, async (tx) => {
      await addCompany(tx, name);
      const [row] = await rowsOf<{ pid: number }>(tx, backendOf);
      await cutOff(row?.pid ?? 0);
    });
    await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await named(name)).toBe(0);
    // … nor when it is sent at the same moment.
    const racing = transaction(service, async (tx) => {
      await addCompany(tx, name);
      const [row] = await rowsOf<{ pid: number }>(tx, backendOf);
      void adminSql()`select pg_terminate_backend(${row?.pid ?? 0})`.execute();
      await rowsOf(tx, sql`select pg_sleep(1)`);
    });
    await expect(racing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await named(name)).toBe(0);
    await transaction(service, (tx) => addCompany(tx, name));
    expect(await named(name)).toBe(1);
  });

  test('survives that an idle connection was cut', async () => {
    await useMode('1');
    const [row] = (await readTogether(service, [backendOf]))[0] ?? [];
    await cutOff(Number(row?.pid));
    await new Promise(setImmediate); // the end of the connection has come in before Postgres' answer
    expect(await readTogether(service, [sql`select 1 as one`])).toEqual([[{ one: 1 }]]);
  });

  test('waits for a connection that is in use, and is refused when none becomes free in five seconds', async () => {
    await useMode('1');
    const order: string[] = [];
    const holding = () => {
      let letGo = () => {};
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const done = transaction(service, () => held).then(() => order.push('let go'));
      return { letGo, done };
    };
    const short = holding();
    const waiting = readTogether(member, [sql`select 1`]).then(() => order.push('read'));
    await expect.poll(() => poolState().waiting).toBe(1);
    expect(order).toEqual([]);
    short.letGo();
    await Promise.all([short.done, waiting]);
    expect(order).toEqual(['let go', 'read']);
    const long = holding();
    const refused = readTogether(member, [sql`select 1`]);
    await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE', headers: { 'retry-after': '5' } });
    long.letGo();
    await long.done;
    expect(await readTogether(member, [sql`select 1 as one`])).toEqual([[{ one: 1 }]]);
    expect(poolState()).toMatchObject({ waiting: 0, idle: 1, open: 1 });
  });
});
