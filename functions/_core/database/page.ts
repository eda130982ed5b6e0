import { createHash } from 'node:crypto';
import type { Column } from 'drizzle-orm/column';
import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import { inlined } from './inline-sql.ts';
import type { CallInOne } from './read-together.ts';
import { asJson, type Shape } from './shape.ts';
import { queryOf, type Row } from './statement.ts';

/** What every list takes. One of offset, page and cursor; the cursor costs the same at any depth. */
export const pageInput = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('How many at most.'),
  offset: z.coerce.number().int().min(0).max(10_000_000).optional().describe('How many to skip.'),
  page: z.coerce.number().int().min(1).max(1_000_000).optional().describe('Which page of `limit`, from 1.'),
  cursor: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('`nextCursor` of the page before, with the same filters.'),
  sortOrder: z
    .enum(['asc', 'desc'])
    .default('desc')
    .describe('`desc`: from the newest or largest on. `asc`: from the oldest or smallest on.'),
});
export type PageInput = z.infer<typeof pageInput>;

export const Pagination = z.object({
  total: z.number().int().describe('Exact up to 10 000; past that an estimate.'),
  totalIsEstimate: z.boolean(),
  limit: z.int32(),
  offset: z.int32(),
  hasMore: z.boolean(),
  nextCursor: z.string().nullable(),
});

/** What a list can be sorted by. Never null, or the cursor would lose rows: coalesce where the column can be. */
export interface Sort {
  by: Column | SQL;
  kind: 'time' | 'number' | 'integer' | 'text' | 'id';
}

export interface ListSpec {
  shape: Shape;
  from: SQL;
  id: Column;
  /** Conditions; undefined ones are left out. */
  where: (SQL | undefined)[];
  sort: Sort;
  /** All that a cursor is bound to: the list's name, its filters, its sort. */
  identity: Record<string, unknown>;
  input: PageInput;
  /** A cheaper statement for the total, giving one row `{ total, is_estimate }`, where the list has one. */
  total?: ((where: SQL) => SQL) | undefined;
}

export interface Read {
  statements: SQL[];
  /** Where a function of the database counts, checks and reads by itself, instead of the statements. */
  inOne?: CallInOne | undefined;
  /** Makes the answer of the statements' rows. */
  reply(results: Row[][]): { body: string; headers?: Record<string, string> };
}

export interface Page {
  /** The items as one JSON array text. */
  items: string;
  pagination: z.infer<typeof Pagination>;
}

const exactUpTo = 10_000;

const sqlTypes = {
  time: sql.raw('timestamptz'),
  number: sql.raw('numeric'),
  integer: sql.raw('bigint'),
  text: sql.raw('text'),
  id: sql.raw('uuid'),
};
const cursorForms = {
  time: /^-?\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/,
  number: /^-?\d{1,40}(\.\d{1,20})?$/,
  integer: /^-?\d{1,18}$/,
  text: /^[^\0]{0,300}$/,
  id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
};
const CursorForm = z.tuple([z.string(), z.string(), z.uuid()]);

const fingerprint = (identity: Record<string, unknown>): string =>
  createHash('sha256').update(JSON.stringify(identity)).digest('base64url').slice(0, 11);

function readCursor(spec: ListSpec): { key: string; id: string } | undefined {
  const { cursor } = spec.input;
  if (cursor === undefined) return undefined;
  const refuse = () =>
    new AppError('INVALID_CURSOR', { details: [{ path: 'cursor', message: 'not of this list' }] });
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw refuse();
  }
  const parsed = CursorForm.safeParse(decoded);
  if (!parsed.success) throw refuse();
  const [print, key, id] = parsed.data;
  if (print !== fingerprint(spec.identity) || !cursorForms[spec.sort.kind].test(key)) throw refuse();
  return { key, id };
}

function offsetOf({ offset, page, cursor, limit }: PageInput): number {
  const given = Object.entries({ offset, page, cursor }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    throw new AppError('VALIDATION_FAILED', {
      message: 'Use only one of offset, page and cursor.',
      details: given.map(([path]) => ({ path, message: 'only one of offset, page and cursor' })),
    });
  }
  return page === undefined ? (offset ?? 0) : (page - 1) * limit;
}

const allOf = (conditions: (SQL | undefined)[]): SQL => {
  const present = conditions.filter((condition) => condition !== undefined);
  return present.length === 0 ? sql`true` : sql.join(present, sql` and `);
};

/** Counts to 10 000; past that the planner's estimate, which costs nothing. Gives one row `{ total, is_estimate }`. */
export function countUpTo(from: SQL, where: SQL): SQL {
  const most = sql.raw(String(exactUpTo));
  return sql`select case when n <= ${most} then n
      else greatest(n, private.estimated_rows(${explainable(sql`select 1 from ${from} where ${where}`)})) end as total,
      n > ${most} as is_estimate
    from (select count(*) as n from (select 1 from ${from} where ${where} limit ${sql.raw(String(exactUpTo + 1))}) t) c`;
}

/** The statement as text with literals, for EXPLAIN inside the database. */
function explainable(statement: SQL): string {
  const { sql: text, params } = queryOf(statement);
  return inlined(text, params);
}

/** A page of a list and its total, as statements of one round trip. `compose` makes the answer's text of the page. */
export function listOf(spec: ListSpec, compose: (page: Page) => string = composePage): Read {
  const { input, sort, id } = spec;
  const offset = offsetOf(input);
  const after = readCursor(spec);
  const down = input.sortOrder === 'desc';
  const where = allOf(spec.where);
  const beyond = after
    ? sql`(${sort.by}, ${id}) ${sql.raw(down ? '<' : '>')} (${after.key}::${sqlTypes[sort.kind]}, ${after.id}::uuid)`
    : undefined;
  const order = sql.raw(down ? 'desc' : 'asc');
  const rows = sql`select ${asJson(spec.shape)} as item, (${sort.by})::text as key, ${id} as id
    from ${spec.from} where ${allOf([where, beyond])}
    order by ${sort.by} ${order}, ${id} ${order} limit ${input.limit + 1} offset ${offset}`;
  return {
    statements: [rows, spec.total?.(where) ?? countUpTo(spec.from, where)],
    reply([found = [], counted = []]) {
      const hasMore = found.length > input.limit;
      const shown = hasMore ? found.slice(0, input.limit) : found;
      const last = shown.at(-1);
      const total = Number(counted[0]?.total ?? 0);
      const pagination = {
        total,
        totalIsEstimate: counted[0]?.is_estimate === true,
        limit: input.limit,
        offset,
        hasMore,
        nextCursor:
          hasMore && last
            ? Buffer.from(JSON.stringify([fingerprint(spec.identity), last.key, last.id])).toString(
                'base64url',
              )
            : null,
      };
      return {
        body: compose({ items: `[${shown.map((row) => row.item).join(',')}]`, pagination }),
        headers: {
          'x-total-count': String(total),
          'x-page': String(Math.floor(offset / input.limit) + 1),
          'x-limit': String(input.limit),
        },
      };
    },
  };
}

function composePage({ items, pagination }: Page): string {
  return `{"success":true,"data":${items},"pagination":${JSON.stringify(pagination)}}`;
}

/**
 * One resource by its id, or 404.
 * @param statement Selects `item`: JSON as text, as asJson gives it, or any JSON with `::text`.
 */
export function oneOf(statement: SQL): Read {
  return {
    statements: [statement],
    reply([found = []]) {
      const row = found[0];
      if (!row) throw new AppError('NOT_FOUND');
      if (typeof row.item !== 'string')
        throw new TypeError('oneOf needs `item` as JSON text: select it with asJson(shape), or with ::text.');
      return { body: `{"success":true,"data":${row.item}}` };
    },
  };
}
