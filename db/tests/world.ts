import { randomBytes, randomUUID } from 'node:crypto';
import type { ParameterOrJSON } from 'postgres';
import {
  type Asker,
  allowedValuesOf,
  type Column,
  columnsOf,
  type ForeignKey,
  foreignKeysOf,
} from './catalogue.ts';

export type StoredRow = Record<string, unknown>;
/** One row of every table, all of one company. */
export type World = Map<string, StoredRow>;

export interface Maker {
  tables: string[];
  columns: Column[];
  keys: ForeignKey[];
  /** The columns and values of a new row that belongs to the world; foreign keys point into it. */
  draft(table: string, world: World): Map<string, unknown>;
  makeWorld(): Promise<World>;
}

const valuesByType: Record<string, () => unknown> = {
  uuid: () => randomUUID(),
  text: () => `t${randomUUID()}`,
  bytea: () => randomBytes(16),
  boolean: () => false,
  integer: () => 1,
  bigint: () => 1,
  numeric: () => 1,
  'timestamp with time zone': () => new Date(),
  date: () => '2026-03-01',
  json: () => '{}',
  jsonb: () => '{}',
};

/** Columns that may be null, of rows that nobody is shown while they are, or that may not be while another is set. */
const shownBy: Record<string, Record<string, (row: Map<string, unknown>) => unknown>> = {
  provider_links: { proved_at: () => new Date() },
  outbox: { sequence: () => Math.ceil(Math.random() * 1e12) },
  sessions: { expires_at: () => new Date(Date.now() + 86_400_000) },
  agents: { provider: () => 'retell' },
  webhook_deliveries: { body: () => '{}' }, // or an event of the company
  invitations: { email: (row) => row.get('email_normal') },
};

/** Tables before those that refer to them. */
function inOrder(tables: string[], keys: ForeignKey[]): string[] {
  const ordered: string[] = [];
  while (ordered.length < tables.length) {
    const next = tables.filter(
      (table) =>
        !ordered.includes(table) &&
        keys.every((key) => key.table !== table || key.refersTo === table || ordered.includes(key.refersTo)),
    );
    if (next.length === 0) throw new Error('The tables refer to each other in a circle.');
    ordered.push(...next);
  }
  return ordered;
}

export const insertOf = (table: string, row: Map<string, unknown>): [string, ParameterOrJSON<never>[]] => [
  `insert into public.${table} (${[...row.keys()].map((name) => `"${name}"`).join(', ')})
    values (${[...row.keys()].map((_, i) => `$${i + 1}`).join(', ')})`,
  [...row.values()] as ParameterOrJSON<never>[], // as many kinds as there are types of columns
];

/** Reads from the catalogue what a row of each table needs, so that a table of tomorrow is tested as well. */
export async function makerFor(sql: Asker): Promise<Maker> {
  const columns = await columnsOf(sql);
  const keys = await foreignKeysOf(sql);
  const allowed = await allowedValuesOf(sql);
  const tables = inOrder([...new Set(columns.map(({ table }) => table))], keys);

  function draft(table: string, world: World): Map<string, unknown> {
    const row = new Map<string, unknown>();
    for (const column of columns.filter((c) => c.table === table)) {
      const value = allowed.get(`${table}.${column.name}`);
      if (value !== undefined) row.set(column.name, value);
      else if (!column.isNullable && !column.hasDefault)
        row.set(column.name, column.type.endsWith('[]') ? '{}' : (valuesByType[column.type]?.() ?? '0'));
    }
    for (const [name, make] of Object.entries(shownBy[table] ?? {})) row.set(name, make(row));
    for (const key of keys.filter((k) => k.table === table)) {
      key.columns.forEach((name, i) => {
        row.set(name, world.get(key.refersTo)?.[key.refersToColumns[i] ?? '']);
      });
    }
    return row;
  }

  async function makeWorld(): Promise<World> {
    const world: World = new Map();
    for (const table of tables) {
      const [text, values] = insertOf(table, draft(table, world));
      const [row] = await sql.unsafe(`${text} returning *`, values);
      world.set(table, { ...row });
    }
    return world;
  }

  return { tables, columns, keys, draft, makeWorld };
}
