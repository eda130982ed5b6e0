import postgres, { type Sql } from 'postgres';
import { type Asker, columnsOf } from './catalogue.ts';

/** A schema that the attacker may write to, as a careless deployment may have one. */
export const openSchema = 'attacker';

export interface Attacker {
  sql: Sql;
  /** What the attacker's own code has said since it was last asked: as whom it ran. */
  ran(): string[];
  end(): Promise<void>;
}

const baseTypes = `t.typnamespace = 'pg_catalog'::regnamespace and t.typtype = 'b' and t.typcategory <> 'A' and t.typname !~ '^(_|pg_|reg)'`;
const qualified = (type: string) => `'pg_catalog.' || quote_ident(${type}.typname)`;
/** Types that our functions are about: their operators and functions are counterfeited. */
const ourTypes =
  "('bool','int4','int8','float8','numeric','text','uuid','json','jsonb','bytea','timestamptz','interval','inet','cidr')";

const spies = (schema: string) => `
  create function ${schema}.spy() returns pg_catalog.bool language plpgsql
    as $f$ begin raise notice 'ran as %', current_user; return true; end $f$;
  create function ${schema}.spy_on_rows() returns pg_catalog.trigger language plpgsql
    as $f$ begin raise notice 'ran as %', current_user; return null; end $f$`;

/** Statements that make a domain in \`schema\` for each type of pg_catalog, whose check is the attacker's code. */
const domains = (schema: string) => `
  select format('create domain ${schema}.%I as %s check (${schema}.spy())', t.typname, ${qualified('t')}) as text
    from pg_type t where ${baseTypes}`;

const result = (type: string, call: string) =>
  `format('begin raise notice ''ran as %%'', current_user; return null::%s; end', ${type})${call}`;

/** A function in \`schema\` for each one of pg_catalog that the bodies of our functions name, and for each of our own. */
const functions = (schema: string) => `
  select distinct format('create or replace function ${schema}.%I(%s) returns %s language plpgsql as %L', p.proname,
      (select string_agg(${qualified('a')}, ', ' order by u.n) from unnest(p.proargtypes) with ordinality u (oid, n) join pg_type a on a.oid = u.oid),
      ${qualified('r')}, ${result(qualified('r'), '')}) as text
    from pg_proc p join pg_type r on r.oid = p.prorettype
   where p.prokind = 'f' and not p.proretset and p.pronargs > 0 and r.typname in ${ourTypes}
     and not exists (select from unnest(p.proargtypes) u (oid) join pg_type a on a.oid = u.oid where a.typname not in ${ourTypes})
     and (p.pronamespace = 'private'::regnamespace or p.pronamespace = 'pg_catalog'::regnamespace and exists (
       select from pg_proc o where o.pronamespace = 'private'::regnamespace and position(p.proname || '(' in o.prosrc) > 0))`;

/** An operator in \`schema\` for each one of pg_catalog between types of ours. */
const operators = (schema: string) => `
  select format('create function ${schema}.op_%s(%s, %s) returns %s language plpgsql as %L;
      create operator ${schema}.%s (leftarg = %s, rightarg = %s, function = ${schema}.op_%s)',
      o.oid, ${qualified('l')}, ${qualified('r')}, ${qualified('s')}, ${result(qualified('s'), '')},
      o.oprname, ${qualified('l')}, ${qualified('r')}, o.oid) as text
    from pg_operator o join pg_type l on l.oid = o.oprleft join pg_type r on r.oid = o.oprright join pg_type s on s.oid = o.oprresult
   where o.oprnamespace = 'pg_catalog'::regnamespace and l.typname in ${ourTypes} and r.typname in ${ourTypes} and s.typname in ${ourTypes}`;

/** A view in \`schema\` in the place of each table, which runs the attacker's code for whoever reads or writes it. */
async function views(admin: Asker, schema: string): Promise<string[]> {
  const columns = await columnsOf(admin);
  const tables = [...new Set(columns.map(({ table }) => table)), 'new_calls', 'old_calls'];
  return tables.map((table) => {
    const own = columns.filter((column) => column.table === table.replace(/^(?:new|old)_/, ''));
    const shown = own.map(({ name, type }) => `null::pg_catalog.${typeName(type)} as "${name}"`);
    return `create view ${schema}."${table}" as select ${shown.join(', ')} where ${schema}.spy();
      create trigger spy instead of insert or update or delete on ${schema}."${table}" for each row execute function ${schema}.spy_on_rows()`;
  });
}
const typeName = (type: string) =>
  type
    .replace('timestamp with time zone', 'timestamptz')
    .replace('double precision', 'float8')
    .replace('integer', 'int4')
    .replace('bigint', 'int8')
    .replace('boolean', 'bool');

/**
 * A session of the API's login that has made counterfeits, in pg_temp and in \`openSchema\`, of every type, table, function
 * and operator that our functions use. The right to create temporary objects must have been given to it.
 */
export async function anAttacker(admin: Asker): Promise<Attacker> {
  const said: string[] = [];
  const sql = postgres(process.env.DATABASE_URL ?? '', {
    max: 1,
    onnotice: ({ message }) => said.push(String(message)),
  });
  for (const schema of ['pg_temp', openSchema]) {
    const made = [
      spies(schema),
      ...(
        await admin.unsafe(`${domains(schema)} union all ${functions(schema)} union all ${operators(schema)}`)
      ).map(({ text }) => String(text)),
      ...(await views(admin, schema)),
    ];
    for (let at = 0; at < made.length; at += 100) await sql.unsafe(made.slice(at, at + 100).join(';\n'));
  }
  return { sql, ran: () => said.splice(0).filter((line) => line.startsWith('ran as')), end: () => sql.end() };
}
