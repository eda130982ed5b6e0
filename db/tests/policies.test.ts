import postgres from 'postgres';
import { afterAll, describe, expect, test } from 'vitest';
import { adminSql } from '#core/testing/admin-sql.ts';
import { type Access, type Asker, accessOf, type Reader } from './catalogue.ts';
import { perRowCalls, problemsOf } from './problems.ts';
import { insertOf, makerFor, type StoredRow, type World } from './world.ts';

const sql = adminSql();
const maker = await makerFor(sql);
const readers: readonly Reader[] = ['trunkline_member', 'authenticated'];
const access = (
  await Promise.all(readers.map(async (role) => (await accessOf(sql, role)).map((one) => ({ ...one, role }))))
).flat();
const [own, other] = [await maker.makeWorld(), await maker.makeWorld()];
/** The login role of the API, which has taken on nobody. */
const login = postgres(process.env.DATABASE_URL ?? '', { max: 1, onnotice: () => {} });
afterAll(() => login.end());

const idOf = (world: World, table: string) => String(world.get(table)?.id);
const claimsOf = (world: World) => ({
  sub: idOf(world, 'users'),
  role: 'authenticated',
  session_id: idOf(world, 'sessions'),
  app_metadata: { company_id: idOf(world, 'companies'), role: 'owner' },
});
type Identity = { role: Reader | 'anon' | 'service_role'; claims: object };
const ownerAs = (role: Reader): Identity => ({ role, claims: claimsOf(own) });
const strangerAs = (role: Reader): Identity => ({ role, claims: claimsOf(other) });
const owner = ownerAs('trunkline_member');
const anon: Identity = { role: 'anon', claims: { role: 'anon' } };

class Undo extends Error {}
/** Runs in a transaction that is undone. */
async function undone<T>(run: (tx: Asker) => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  await sql
    .begin(async (tx) => {
      result = { value: await run(tx) };
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  if (!result) throw new Error('unreachable: run threw');
  return result.value;
}

type Statement = [text: string, values?: Parameters<Asker['unsafe']>[1]];
/** How many rows a statement touched or gave, or why it was refused. */
const outcomeOf = (asking: PromiseLike<{ count: number }>): Promise<number | string> =>
  Promise.resolve(asking).then(
    ({ count }) => count,
    (error: { code?: string }) => error.code ?? 'unknown',
  );

/** What becomes of a statement as someone, and of the row of our company that it is about. */
async function attempt(who: Identity, [text, values]: Statement, table: string) {
  return await undone(async (tx) => {
    const look = async () =>
      await tx.unsafe(`select row_to_json(t)::text as row from public.${table} t order by 1`);
    const before = await look();
    await tx.unsafe('savepoint start');
    await tx.unsafe('select set_config($1, $2, true), set_config($3, $4, true)', [
      ...['request.jwt.claims', JSON.stringify(who.claims)],
      ...['role', who.role],
    ]);
    const outcome = await outcomeOf(tx.unsafe(text, values));
    if (typeof outcome === 'string') await tx.unsafe('rollback to start');
    await tx.unsafe('reset role');
    return { outcome, isChanged: JSON.stringify(await look()) !== JSON.stringify(before) };
  });
}

const columnsOf = (table: string) => maker.columns.filter((column) => column.table === table);
const keyOf = (table: string) =>
  (columnsOf(table).find((column) => column.isPrimaryKey) ?? columnsOf(table)[0])?.name ?? '';
const companyKeyOf = (table: string) =>
  maker.columns.some((column) => column.table === table && column.name === 'company_id')
    ? 'company_id'
    : keyOf(table);

/** The statement of a command on our company's row, by as much as is granted. */
function statementOf({ table, command, columns }: Access): Statement {
  const row: StoredRow = own.get(table) ?? {};
  const key = companyKeyOf(table);
  const values = [row[key] as string];
  const first = columns[0] ?? columnsOf(table).find(({ isIdentity }) => !isIdentity)?.name;
  if (command === 'select') return [`select "${first}" from public.${table} where "${key}" = $1`, values];
  if (command === 'delete') return [`delete from public.${table} where "${key}" = $1`, values];
  if (command === 'update') {
    const changed = columns.length > 0 ? columns : [first ?? ''];
    const sets = changed.map((name, i) => `"${name}" = $${i + 2}`); // some columns may be written, and not read
    const own = changed.map((name) => row[name] as string);
    return [`update public.${table} set ${sets.join(', ')} where "${key}" = $1`, [...values, ...own]];
  }
  const draft = maker.draft(table, own);
  return insertOf(
    table,
    columns.length === 0 ? draft : new Map([...draft].filter(([name]) => columns.includes(name))),
  );
}

/** A row was touched; or there is one like it already, which Postgres looks at after the policies. */
const isDone = (outcome: number | string) => outcome === '23505' || Number(outcome) > 0;
const isNothing = (outcome: number | string) => outcome === 0 || outcome === '42501';

describe.each(access)('$command on $table as $role', (allowed) => {
  const { table, role } = allowed;
  const isAllowed = allowed.columns.length > 0 && allowed.isPermitted;

  test(`is ${isAllowed ? 'open' : 'closed'} to the company's own owner`, async () => {
    const { outcome } = await attempt(ownerAs(role), statementOf(allowed), table);
    if (isAllowed) expect(outcome).toSatisfy(isDone);
    else expect(outcome).toSatisfy(isNothing);
  });

  test('is closed to another company', async () => {
    const { outcome, isChanged } = await attempt(strangerAs(role), statementOf(allowed), table);
    expect(outcome).toSatisfy(allowed.command === 'insert' ? (found) => found === '42501' : isNothing);
    expect(isChanged).toBe(false);
  });

  test('is closed to anon', async () => {
    expect(await attempt(anon, statementOf(allowed), table)).toEqual({ outcome: '42501', isChanged: false });
  });

  test('is closed to the login role that has taken on nobody', async () => {
    expect(await outcomeOf(login.unsafe(...statementOf(allowed)))).toBe('42501');
  });
});

describe('a row of one company', () => {
  test.each(readers.flatMap((role) => maker.tables.map((table) => [table, role] as const)))(
    'of %s is among what its owner reads without asking for it as %s, and no stranger does',
    async (table, role) => {
      const readable = access.find(
        (one) => one.table === table && one.command === 'select' && one.role === role,
      );
      if (!readable?.columns.includes(keyOf(table))) return;
      const every: Statement = [
        `select 1 from public.${table} where "${keyOf(table)}" = $1`,
        [own.get(table)?.[keyOf(table)] as string],
      ];
      const { outcome } = await attempt(ownerAs(role), every, table);
      if (readable.isPermitted) expect(outcome).toBeGreaterThan(0);
      else expect(outcome).toBe(0);
      expect((await attempt(strangerAs(role), every, table)).outcome).toBe(0);
    },
  );

  test.each(maker.tables.filter((table) => companyKeyOf(table) === 'company_id'))(
    'of %s cannot be given to another company, by its owner',
    async (table) => {
      const move: Statement = [
        `update public.${table} set company_id = $1 where company_id = $2`,
        [idOf(other, 'companies'), idOf(own, 'companies')],
      ];
      expect(await attempt(owner, move, table)).toEqual({ outcome: '42501', isChanged: false });
    },
  );

  const composite = maker.keys.filter((key) => key.columns.includes('company_id') && key.columns.length > 1);
  test.each(composite)('of $table cannot point to another company’s $refersTo', async (key) => {
    const draft = maker.draft(key.table, own);
    expect(await outcomeOf(undone((tx) => tx.unsafe(...insertOf(key.table, draft))))).toBe(1);
    key.columns.forEach((name, i) => {
      if (name !== 'company_id') draft.set(name, other.get(key.refersTo)?.[key.refersToColumns[i] ?? '']);
    });
    expect(await outcomeOf(undone((tx) => tx.unsafe(...insertOf(key.table, draft))))).toBe('23503');
  });
});

describe('the database', () => {
  test('has no table, policy, grant or function through which a company could see another', async () => {
    expect(await problemsOf(sql)).toEqual([]);
  });

  test.each(maker.tables)(
    'reads the claims in the policies of %s without a call of a function for it',
    async (table) => {
      const columns =
        access.find((one) => one.table === table && one.role === 'trunkline_member')?.columns ?? [];
      const column = columns[0] ?? keyOf(table);
      const plan = await undone(async (tx) => {
        await tx.unsafe(`grant select on public.${table} to trunkline_member`);
        await tx.unsafe("select set_config('role', 'trunkline_member', true)");
        return await tx.unsafe(`explain (verbose, costs off) select "${column}" from public.${table}`);
      });
      const text = plan.map((row) => row['QUERY PLAN']).join('\n');
      expect(text).not.toMatch(
        /private\.(?:claims|caller_id|caller_company_id|caller_app_id|caller_role|role_rank|caller_is_at_least|caller_key_id|caller_kind)\(/,
      );
      expect(text).not.toContain('caller_is_live');
    },
  );

  test('would be found out with a table that someone forgot to guard', async () => {
    const found = await undone(async (tx) => {
      await tx.unsafe(`create table public.oddities (company_id uuid, call_id uuid references public.apps (id), token text);
        grant select on public.oddities to authenticated, anon;
        grant update (token) on public.oddities to authenticated;
        grant execute on function private.uuid_v7() to authenticated;
        create policy "by row" on public.oddities to authenticated using (private.caller_company_id() = company_id);
        create table public.bare (id uuid);
        create policy "by members" on public.calls using (company_id in (select company_id from public.memberships));
        create function private.open() returns int language sql security definer as 'select 1';
        create function private.as_before() returns int language sql set search_path = '' as 'select 1';
        create or replace function private.caller_id() returns uuid language sql stable as 'select null::pg_catalog.uuid'`);
      return await problemsOf(tx);
    });
    expect(found).toEqual(
      expect.arrayContaining([
        'oddities has no row level security',
        'oddities does not force row level security on its owner',
        'oddities.company_id has no foreign key and no trigger on companies',
        "oddities (call_id) may refer to another company's apps",
        'bare has no policy',
        '"by row" on oddities asks private.caller_company_id for each row',
        '"by members" on calls is shaped by memberships',
        '"by members" on calls is for public',
        '"by row" on oddities is for authenticated',
        'authenticated may update oddities',
        'authenticated may read every column of oddities, those of tomorrow too',
        'authenticated may read oddities, whose policies do not ask whether the caller is live',
        'authenticated may call private.uuid_v7()',
        'anon may select oddities',
        'authenticated may read oddities.token',
        'private.open may be called by everyone',
        'private.open() does not search pg_catalog first',
        'private.as_before() does not search pg_catalog first',
        'private.caller_id() does not search pg_catalog first',
      ]),
    );
  });

  test('tells a function that is asked once from one that is asked for each row', () => {
    expect(perRowCalls('(company_id = ( SELECT private.f() AS f))')).toEqual([]);
    expect(perRowCalls("(( SELECT private.f('a'::text) AS f) AND (x = 1))")).toEqual([]);
    expect(perRowCalls('(company_id = private.f())')).toEqual(['private.f']);
    expect(perRowCalls('( SELECT private.f(company_id) AS f)')).toEqual(['private.f']);
    expect(perRowCalls("(x = current_setting('a'::text))")).toEqual(['current_setting']);
  });

  test.each([
    ['users', 'password_hash'],
    ['api_keys', 'key_hash'],
    ['provider_links', 'secret'],
    ['refresh_tokens', 'hash'],
  ])('keeps %s.%s from whoever asks for it', async (table, column) => {
    const { outcome } = await attempt(owner, [`select ${column} from public.${table}`], table);
    expect(outcome).toBe('42501');
  });

  test('only ever adds to the audit of keys, even as the service', async () => {
    const service: Identity = { role: 'service_role', claims: {} };
    const ask = async (text: string) => (await attempt(service, [text], 'api_key_audit')).outcome;
    for (const text of [
      'update api_key_audit set ip = null',
      'delete from api_key_audit',
      'truncate api_key_audit',
    ])
      expect(await ask(text)).toBe('42501');
    const row = insertOf('api_key_audit', maker.draft('api_key_audit', own));
    expect((await attempt(service, row, 'api_key_audit')).outcome).toBe(1);
  });
});
