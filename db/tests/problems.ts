import type { Asker } from './catalogue.ts';
import { columnsOf, foreignKeysOf } from './catalogue.ts';

/** Calls of functions in a policy that are not asked once for the statement: `(SELECT private.f())`, no column inside. */
export function perRowCalls(expression: string): string[] {
  const calls = [...expression.matchAll(/(?:\b(?:private|auth)\.\w+|\bcurrent_setting)\(/g)];
  return calls
    .filter(({ index, 0: call }) => {
      let depth = 0;
      let open = index - 1;
      for (; open >= 0; open--) {
        if (expression[open] === ')') depth++;
        else if (expression[open] === '(' && depth-- === 0) break;
      }
      const isScalar = /^\(\s*SELECT\s+$/i.test(expression.slice(open, index));
      const hasConstantsOnly = /^(?:'[^']*'::\w+(?:, )?)*\)/.test(expression.slice(index + call.length));
      return !isScalar || !hasConstantsOnly;
    })
    .map(([call]) => call.slice(0, -1));
}

const say = async (sql: Asker, query: string): Promise<string[]> =>
  (await sql.unsafe(query)).map((row) => String(row.problem));

async function problemsOfTables(sql: Asker): Promise<string[]> {
  const columns = await columnsOf(sql);
  const keys = await foreignKeysOf(sql);
  const owned = new Set(columns.filter(({ name }) => name === 'company_id').map(({ table }) => table));
  // What a foreign key would cost too much for goes with its company by a trigger of this name.
  const triggers = await say(
    sql,
    `select tgname as problem from pg_trigger where tgrelid = 'public.companies'::regclass and tgtype & 8 = 8`,
  );
  const isKeyed = (table: string) =>
    triggers.includes(`delete_${table}`) ||
    keys.some((key) => key.table === table && key.columns.includes('company_id'));
  return [
    ...(await say(
      sql,
      `select relname || ' has no row level security' as problem from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity
       union all select relname || ' does not force row level security on its owner' from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relforcerowsecurity
       union all select relname || ' has no policy' from pg_class c
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
          and not exists (select from pg_policy p where p.polrelid = c.oid)
       union all select relname || ' is a view that does not read as its caller' from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
          and not coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']`,
    )),
    ...[...owned]
      .filter((table) => !isKeyed(table))
      .map((table) => `${table}.company_id has no foreign key and no trigger on companies`),
    ...keys
      .filter((key) => owned.has(key.table) && owned.has(key.refersTo))
      .filter((key) => key.refersToColumns[key.columns.indexOf('company_id')] !== 'company_id')
      .map((key) => `${key.table} (${key.columns}) may refer to another company's ${key.refersTo}`),
  ];
}

/**
 * What opens a table to readers is for the API and PostgREST; PostgREST writes nothing. What closes one besides is for one of
 * them: a fence is the API's, and PostgREST is asked whether its caller is live.
 */
const isForThoseItMayBe = (isPermissive: boolean, command: string, roles: readonly string[]): boolean => {
  const each = String(roles);
  if (!isPermissive) return ['authenticated', 'trunkline_member'].includes(each);
  return each === 'authenticated,trunkline_member' || (each === 'trunkline_member' && command !== 'SELECT');
};

/** An expression without what Postgres changes as it writes it anew: parentheses, white space, the case of its words. */
const bare = (expression: string) => `lower(regexp_replace(${expression}, '[()\\s]', '', 'g'))`;

/** Tables whose fence is not what their reading policies say. */
const problemsOfFences = (sql: Asker): Promise<string[]> =>
  say(
    sql,
    `with shown as (
        select c.oid as relid, c.relname,
            concat_ws(' and ', '(' || coalesce(string_agg('(' || pg_get_expr(p.polqual, p.polrelid) || ')', ' or ')
                filter (where p.polpermissive), 'false') || ')',
              string_agg('(' || pg_get_expr(p.polqual, p.polrelid) || ')', ' and ' order by p.polname)
                filter (where not p.polpermissive)) as qual
          from pg_class c left join pg_policy p on p.polrelid = c.oid and p.polcmd in ('r', '*')
            and 'trunkline_member'::regrole = any (p.polroles)
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by 1, 2),
      fences as (
        select s.*, f.verb, p.polqual, p.polwithcheck, p.polrelid
          from shown s cross join (values ('insert', 'a'::"char"), ('update', 'w'), ('delete', 'd')) f (verb, cmd)
          left join pg_policy p on p.polrelid = s.relid and p.polcmd = f.cmd and not p.polpermissive
            and p.polname = 'fence on ' || f.verb and p.polroles = array['trunkline_member'::regrole]::oid[])
      select relname || ' has no fence on ' || verb || ' that says what its readers see' as problem from fences
       where polrelid is null
          or verb <> 'insert' and ${bare('pg_get_expr(polqual, polrelid)')} is distinct from ${bare('qual')}
          or verb <> 'delete' and ${bare('pg_get_expr(polwithcheck, polrelid)')} is distinct from ${bare('qual')}`,
  );

async function problemsOfPolicies(sql: Asker): Promise<string[]> {
  const policies = await sql.unsafe(
    "select tablename, policyname, permissive, cmd, roles::text[] as roles, coalesce(qual, '') as qual, coalesce(with_check, '') as with_check from pg_policies where schemaname = 'public'",
  );
  return policies.flatMap(({ tablename, policyname, permissive, cmd, roles, qual, with_check }) => {
    const name = `"${policyname}" on ${tablename}`;
    const mayReadMembers = tablename === 'users'; // its list of colleagues is one hashed subquery for the statement
    return [
      ...perRowCalls(`${qual} ${with_check}`).map((call) => `${name} asks ${call} for each row`),
      ...(/\bmemberships\b/.test(`${qual}${with_check}`) && !mayReadMembers
        ? [`${name} is shaped by memberships`]
        : []),
      ...(isForThoseItMayBe(permissive === 'PERMISSIVE', cmd, [...roles].sort())
        ? []
        : [`${name} is for ${roles}`]),
      ...([qual, with_check].includes('true') ? [`${name} lets everyone through`] : []),
    ];
  });
}

const problemsOfGrants = (sql: Asker): Promise<string[]> =>
  say(
    sql,
    `select t.role || ' may ' || p || ' ' || c.relname as problem
       from pg_class c, (values ('anon'), ('trunkline_api'), ('trunkline_worker')) t (role), unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and (has_table_privilege(t.role, c.oid, p)
          or p in ('select', 'insert', 'update', 'references') and has_any_column_privilege(t.role, c.oid, p))
     union all select 'trunkline_member may ' || p || ' ' || c.relname
       from pg_class c, unnest(array['truncate', 'references', 'trigger']) p
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and has_table_privilege('trunkline_member', c.oid, p)
     union all select 'authenticated may ' || p || ' ' || c.relname
       from pg_class c, unnest(array['insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and (has_table_privilege('authenticated', c.oid, p)
          or p in ('insert', 'update', 'references') and has_any_column_privilege('authenticated', c.oid, p))
     union all select 'authenticated may read every column of ' || c.relname || ', those of tomorrow too'
       from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege('authenticated', c.oid, 'select')
     union all select 'authenticated may read ' || c.relname || ', whose policies do not ask whether the caller is live'
       from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and has_any_column_privilege('authenticated', c.oid, 'select')
        and not exists (select from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname and p.permissive = 'RESTRICTIVE'
          and p.cmd in ('ALL', 'SELECT') and p.roles = '{authenticated}' and p.qual = '( SELECT private.caller_is_live() AS caller_is_live)')
     union all select r.role || ' may read ' || c.relname || '.' || a.attname
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped,
         (values ('authenticated'), ('trunkline_member')) r (role)
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and (a.attname ~ '(^|_)(hash|secret|token|verifier|password)(_|$)' or (c.relname, a.attname) in (('users', 'is_platform_admin')))
        and has_column_privilege(r.role, c.oid, a.attnum, 'select')
     union all select 'authenticated may read ' || table_name || '.recording_url'
       from information_schema.column_privileges where grantee = 'authenticated' and table_schema = 'public' and column_name = 'recording_url'
     union all select r.rolname || ' goes past the policies' from pg_roles r
      where r.rolname in ('authenticated', 'trunkline_member', 'trunkline_api', 'trunkline_worker', 'anon') and (r.rolbypassrls or r.rolsuper)
     union all select m.member::regrole || ' may become trunkline_member' from pg_auth_members m
      where m.roleid = 'trunkline_member'::regrole and m.set_option and m.member not in ('trunkline_api'::regrole, 'trunkline_worker'::regrole)
        and not (select rolcreaterole or rolsuper from pg_roles where oid = m.member)`,
  );

const problemsOfFunctions = (sql: Asker): Promise<string[]> =>
  say(
    sql,
    `select 'private.' || p.proname || ' may be called by everyone' as problem
       from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.pronamespace = 'private'::regnamespace and a.grantee = 0
     union all select p.oid::regprocedure || ' does not search pg_catalog first' from pg_proc p
      where p.pronamespace in ('private'::regnamespace, 'public'::regnamespace)
        and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
        and p.proconfig is distinct from array['search_path=pg_catalog, pg_temp']
        -- A setting would keep these from being inlined into the policies; a body in standard SQL was bound when it was made.
        and not (p.proconfig is null and not p.prosecdef and p.prosqlbody is not null and p.pronamespace = 'private'::regnamespace
          and p.proname in ('claims', 'caller_id', 'caller_company_id', 'caller_app_id', 'caller_role', 'role_rank', 'caller_is_at_least',
            'caller_key_id', 'caller_kind'))
        -- It plans a statement of the API, which names tables of public, as its caller.
        and not (p.proname = 'estimated_rows' and not p.prosecdef and p.proconfig = array['search_path=pg_catalog, public, pg_temp'])
     union all select 'authenticated may call ' || p.oid::regprocedure from pg_proc p
      where p.pronamespace = 'private'::regnamespace and has_function_privilege('authenticated', p.oid, 'execute')
        and p.proname not in ('claims', 'caller_id', 'caller_company_id', 'caller_app_id', 'caller_role', 'role_rank',
          'caller_is_at_least', 'caller_agent_id', 'caller_is_live')
     union all select 'public.' || proname || ' runs as its owner' from pg_proc
      where pronamespace = 'public'::regnamespace and prosecdef
     union all select 'anon may use the schema private' where has_schema_privilege('anon', 'private', 'usage')`,
  );

/** Everything in a database that would let a company see or change another's rows, each as a sentence. */
export async function problemsOf(sql: Asker): Promise<string[]> {
  return [
    ...(await problemsOfTables(sql)),
    ...(await problemsOfPolicies(sql)),
    ...(await problemsOfFences(sql)),
    ...(await problemsOfGrants(sql)),
    ...(await problemsOfFunctions(sql)),
  ];
}
