import type { Sql } from 'postgres';

/** A connection or a transaction. */
export type Asker = Pick<Sql, 'unsafe'>;

export interface Column {
  table: string;
  name: string;
  /** As format_type() writes it: 'text[]', 'timestamp with time zone'. */
  type: string;
  isNullable: boolean;
  hasDefault: boolean;
  isPrimaryKey: boolean;
  /** Postgres numbers it: nobody sets it. */
  isIdentity: boolean;
}

export interface ForeignKey {
  table: string;
  name: string;
  columns: string[];
  refersTo: string;
  refersToColumns: string[];
}

const rowsOf = async <T>(sql: Asker, text: string): Promise<T[]> =>
  (await sql.unsafe(text)) as unknown as T[];

export const columnsOf = (sql: Asker): Promise<Column[]> =>
  rowsOf<Column>(
    sql,
    `select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
      not a.attnotnull as "isNullable", a.atthasdef or a.attidentity <> '' as "hasDefault",
      a.attidentity <> '' as "isIdentity",
      exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey)) as "isPrimaryKey"
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
     order by c.relname, a.attnum`,
  );

export const foreignKeysOf = (sql: Asker): Promise<ForeignKey[]> =>
  rowsOf<ForeignKey>(
    sql,
    `select c.conrelid::regclass::text as "table", c.conname as name, c.confrelid::regclass::text as "refersTo",
      array(select a.attname::text from unnest(c.conkey) with ordinality k (n, i)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by k.i) as columns,
      array(select a.attname::text from unnest(c.confkey) with ordinality k (n, i)
        join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by k.i) as "refersToColumns"
     from pg_constraint c where c.contype = 'f' and c.connamespace = 'public'::regnamespace order by 1, 2`,
  );

/** The first value that a check constraint of the form `column in ('a', 'b')` allows, by `table.column`. */
export async function allowedValuesOf(sql: Asker): Promise<Map<string, string>> {
  const checks = await rowsOf<{ table: string; text: string }>(
    sql,
    `select conrelid::regclass::text as "table", pg_get_constraintdef(oid) as text
     from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace`,
  );
  const found = checks.map(({ table, text }) => {
    const [, column, value] = /\((\w+) = ANY \(ARRAY\['([^']*)'::text/.exec(text) ?? [];
    return [`${table}.${column}`, value ?? ''] as const;
  });
  return new Map(found.filter(([, value]) => value !== ''));
}

/** As whom people and keys read: the API's transactions, and PostgREST. */
export type Reader = 'trunkline_member' | 'authenticated';

export interface Access {
  table: string;
  command: 'select' | 'insert' | 'update' | 'delete';
  /** Columns that the role may touch by this command; for delete, any column or none. */
  columns: string[];
  /** A policy lets it through for some row. */
  isPermitted: boolean;
}

/** What grants and policies allow a person or key under this role, for every table and command. */
export const accessOf = (sql: Asker, role: Reader): Promise<Access[]> =>
  rowsOf<Access>(
    sql,
    `select c.relname as "table", command,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and case when command = 'delete' then has_table_privilege('${role}', c.oid, 'delete')
                 else has_column_privilege('${role}', c.oid, a.attnum, command) end order by a.attnum) as columns,
      exists (select from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname
        and p.permissive = 'PERMISSIVE' and '${role}' = any (p.roles)
        and p.cmd in ('ALL', upper(command)) and coalesce(p.qual, p.with_check) <> 'false') as "isPermitted"
     from pg_class c, unnest(array['select', 'insert', 'update', 'delete']) command
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1, 2`,
  );
