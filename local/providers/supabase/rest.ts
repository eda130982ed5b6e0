import type { IncomingHttpHeaders } from 'node:http';
import postgres, { type Sql, type TransactionSql } from 'postgres';
import { type Asked, askedOf, identifier } from './query.ts';
import { type Refusal, restRefusal } from './refusal.ts';
import { type Bearer, bearerOf, TokenError } from './tokens.ts';

export interface RestRequest {
  method: string;
  /** What follows `/rest/v1/`. */
  path: string;
  parameters: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface RestAnswer {
  status: number;
  headers: Record<string, string>;
  /** JSON, or nothing. */
  body: string;
}

/** PostgREST lets clocks differ by this. */
const skewSeconds = 30;

/** Who asks: nobody without a token. @throws {Refusal} 401, as PostgREST words it. */
export async function restBearer(token: string | undefined, secret: string): Promise<Bearer> {
  if (token === undefined) return { role: 'anon', claims: { role: 'anon' } };
  try {
    return await bearerOf(token, secret, skewSeconds);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    if (error.fault === 'expired') throw restRefusal(401, 'PGRST303', 'JWT expired');
    if (error.fault === 'claims') throw restRefusal(401, 'PGRST303', 'Parsing claims failed');
    if (error.fault === 'malformed') {
      const parts = token.split('.').length;
      throw restRefusal(401, 'PGRST301', `Expected 3 parts in JWT; got ${parts}`);
    }
    const details = 'None of the keys was able to decode the JWT';
    throw restRefusal(401, 'PGRST301', 'No suitable key or wrong key type', details);
  }
}

/** PostgREST's statuses for Postgres' errors, the first that fits: 400 for the others. */
const statuses: [code: RegExp, status: number][] = [
  [/^(08|53)/, 503],
  [/^(0L|0P|28)/, 403],
  [/^2350[35]$/, 409],
  [/^25006$/, 405],
  [/^(42P01|42883)$/, 404],
  [/^P0001$/, 400],
  [/^(09|25|2D|38|39|3B|40|54|55|57|58|F0|HV|P0|XX)/, 500],
];

function refusalOf(error: postgres.PostgresError, bearer: Bearer): Refusal {
  const { code, message, detail, hint } = error;
  let status = statuses.find(([form]) => form.test(code))?.[1] ?? 400;
  if (code === '42501') status = bearer.role === 'anon' ? 401 : 403;
  if (code === '22023' && /^role .* does not exist$/.test(message)) status = 401;
  return restRefusal(status, code, message, detail ?? null, hint ?? null);
}

/** What PostgREST tells Postgres of each request, for its transaction alone. */
function enter(tx: TransactionSql, { role, claims }: Bearer, { method, path, headers }: RestRequest) {
  return tx`select set_config('search_path', '"public"', true), set_config('role', ${role}, true),
    set_config('request.jwt.claims', ${JSON.stringify({ ...claims, role })}, true),
    set_config('request.method', ${method}, true), set_config('request.path', ${`/${path}`}, true),
    set_config('request.headers', ${JSON.stringify(headers)}, true), set_config('request.cookies', '{}', true)`;
}

const isOfOne = (headers: IncomingHttpHeaders) =>
  (headers.accept ?? '').includes('application/vnd.pgrst.object+json');
const prefers = (headers: IncomingHttpHeaders, preference: string) =>
  (headers.prefer ?? '')
    .toString()
    .split(',')
    .some((one) => one.trim() === preference);

/** The rows as JSON; of one row alone where the client asks for an object. */
function bodyOf(rows: { count: number; json: string }, headers: IncomingHttpHeaders): string {
  if (!isOfOne(headers)) return rows.json;
  if (rows.count === 1) return JSON.stringify(JSON.parse(rows.json)[0]);
  const details = `The result contains ${rows.count} rows`;
  throw restRefusal(406, 'PGRST116', 'Cannot coerce the result to a single JSON object', details);
}

const asJson = (source: string) => `select count(*)::int as count,
  coalesce(json_agg(row_to_json(_row)), '[]')::text as json from (${source}) _row`;

async function read(tx: TransactionSql, table: string, asked: Asked, request: RestRequest) {
  const { columns, where, orderBy, limit, offset } = asked;
  const page = `${limit === undefined ? '' : `limit ${limit}`} offset ${offset}`;
  const [rows] = await tx.unsafe<{ count: number; json: string }[]>(
    asJson(`select ${columns} from ${table} ${where} ${orderBy} ${page}`),
  );
  if (!rows) throw new Error('count(*) gives a row');
  let total: number | undefined;
  if (prefers(request.headers, 'count=exact')) {
    const [counted] = await tx.unsafe(`select count(*)::int as total from ${table} ${where}`);
    total = counted?.total as number;
    if (offset > total) {
      const details = `An offset of ${offset} was requested, but there are only ${total} rows.`;
      throw restRefusal(416, 'PGRST103', 'Requested range not satisfiable', details);
    }
  }
  const range = rows.count === 0 ? '*' : `${offset}-${offset + rows.count - 1}`;
  return {
    status: total !== undefined && rows.count < total ? 206 : 200,
    headers: { 'content-range': `${range}/${total ?? '*'}` },
    body: bodyOf(rows, request.headers),
  };
}

async function write(tx: TransactionSql, name: string, table: string, asked: Asked, request: RestRequest) {
  const { method, headers, body } = request;
  const wantsRows = prefers(headers, 'return=representation');
  let statement: string;
  if (method === 'DELETE') statement = `delete from ${table} ${asked.where}`;
  else {
    const given = JSON.parse(body) as object | object[];
    const keys = [...new Set([given].flat().flatMap((row) => Object.keys(row)))];
    const known = await tx.unsafe(
      'select attname::text as name from pg_attribute where attrelid = $1::text::regclass and attnum > 0',
      [table],
    );
    const unknown = keys.find((key) => !known.some((column) => column.name === key));
    if (unknown) {
      throw restRefusal(
        ...([400, 'PGRST204'] as const),
        `Could not find the '${unknown}' column of '${name}' in the schema cache`,
      );
    }
    const list = keys.map(identifier);
    statement =
      method === 'POST'
        ? `insert into ${table} (${list.join(', ')}) select ${list.join(', ')}
           from json_populate_recordset(null::${table}, $1::text::json)`
        : `update ${table} set ${list.map((key) => `${key} = _given.${key}`).join(', ')}
           from json_populate_record(null::${table}, $1::text::json) _given ${asked.where}`;
  }
  const parameters =
    method === 'DELETE' ? [] : [method === 'POST' ? JSON.stringify([JSON.parse(body)].flat()) : body];
  const done = method === 'POST' ? 201 : 200;
  if (!wantsRows) {
    await tx.unsafe(statement, parameters);
    return { status: method === 'POST' ? 201 : 204, headers: { 'content-range': '*/*' }, body: '' };
  }
  const [rows] = await tx.unsafe<{ count: number; json: string }[]>(
    `with _written as (${statement} returning ${asked.columns}) ${asJson('select * from _written')}`,
    parameters,
  );
  if (!rows) throw new Error('count(*) gives a row');
  return { status: done, headers: { 'content-range': '*/*' }, body: bodyOf(rows, headers) };
}

const reading = new Set(['GET', 'HEAD']);
const writing = new Set(['POST', 'PATCH', 'DELETE']);

/**
 * PostgREST, as far as supabase-js asks it for the rows of one table: select, eq and its like, in, is, order, limit, range,
 * single, count, insert, update, delete. Functions and embedded tables are not there.
 * Sources: https://docs.postgrest.org/en/v14/references/api/tables_views.html, …/references/errors.html
 * @throws {Refusal}
 */
export async function answerRest(sql: Sql, bearer: Bearer, request: RestRequest): Promise<RestAnswer> {
  const { method, path, parameters, headers } = request;
  const schema = headers['accept-profile'] ?? headers['content-profile'] ?? 'public';
  if (schema !== 'public') {
    const hint = 'Only the following schemas are exposed: public';
    throw restRefusal(406, 'PGRST106', `Invalid schema: ${schema}`, null, hint);
  }
  const name = decodeURIComponent(path);
  if (name.startsWith('rpc/')) {
    const message = `Could not find the function public.${name.slice(4)} in the schema cache`;
    throw restRefusal(404, 'PGRST202', message);
  }
  if (name === '' || name.includes('/'))
    throw restRefusal(404, 'PGRST125', 'Invalid path specified in request URL');
  if (!reading.has(method) && !writing.has(method))
    throw restRefusal(405, 'PGRST117', `Unsupported HTTP method: ${method}`);
  const [known] = await sql`select from pg_class where relnamespace = 'public'::regnamespace
    and relname = ${name} and relkind in ('r', 'v', 'm', 'f', 'p')`;
  if (!known) {
    const message = `Could not find the table 'public.${name}' in the schema cache`;
    throw restRefusal(404, 'PGRST205', message);
  }
  const table = `"public".${identifier(name)}`;
  const asked = askedOf(table, parameters);
  const mode = reading.has(method) ? 'read only' : 'read write';
  try {
    const answer = await sql.begin(`isolation level read committed ${mode}`, async (tx) => {
      await enter(tx, bearer, request);
      return reading.has(method) ? read(tx, table, asked, request) : write(tx, name, table, asked, request);
    });
    return { ...answer, headers: { 'content-type': 'application/json; charset=utf-8', ...answer.headers } };
  } catch (error) {
    throw error instanceof postgres.PostgresError ? refusalOf(error, bearer) : error;
  }
}
