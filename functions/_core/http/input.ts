import * as z from 'zod';
import { AppError, type ErrorDetail, invalidField } from '../errors.ts';
import { countBodyFields } from '../metrics.ts';
import { plainError } from './plain-errors.ts';

/** Nesting that no honest body has; past it, recursive code would exhaust the stack. */
const deepest = 64;

/** What an honest body has at most, where the contract says no more. Elements of arrays may be ten times as many. */
export const standardMaxKeys = 1_000;
/** Parameters of a query string. */
const maxParameters = 100;
/** Bad fields that are named; the others are counted. */
const maxNamed = 10;

interface JsonShape {
  isTooDeep: boolean;
  /** Fields of all its objects. */
  keys: number;
  /** Elements of its arrays and fields, less one for each array or object. */
  commas: number;
  /** Arrays and objects. */
  containers: number;
}

/** What JSON text would become, told without parsing it, in one pass. Past the deepest level it looks no further. */
function shapeOfJson(text: string): JsonShape {
  const shape = { isTooDeep: false, keys: 0, commas: 0, containers: 0 };
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 34: // a string: to its end
        for (i++; i < text.length && text.charCodeAt(i) !== 34; i++) if (text.charCodeAt(i) === 92) i++;
        break;
      case 58:
        shape.keys++;
        break;
      case 44:
        shape.commas++;
        break;
      case 91:
      case 123:
        shape.containers++;
        if (++depth > deepest) return { ...shape, isTooDeep: true };
        break;
      case 93:
      case 125:
        depth--;
    }
  }
  return shape;
}

/** @throws AppError VALIDATION_FAILED for more than anybody means to send: each value costs more than its bytes. */
function requireFewKeys({ keys, commas, containers }: JsonShape, maxKeys: number): void {
  const refuse = (what: string, count: number, max: number) => {
    const message = `has ${count} ${what}: at most ${max} are taken`;
    throw invalidField('', message, `The body ${message}.`);
  };
  if (keys > maxKeys) refuse('fields', keys, maxKeys);
  if (containers > maxKeys + 1) refuse('objects and arrays', containers, maxKeys + 1);
  if (commas >= maxKeys * 10) refuse('elements', commas + 1, maxKeys * 10);
}

/** The first few of many complaints, and how many there are besides. */
function fewOf(details: readonly ErrorDetail[], count: number, what: string): ErrorDetail[] {
  const named = details.slice(0, maxNamed);
  const rest = count - named.length;
  return rest > 0
    ? [...named, { path: '', message: `and ${rest.toLocaleString('en')} more ${what}` }]
    : named;
}

/** Text that Postgres cannot store: NUL, or half of a surrogate pair. Names where it stands, up to a few places. */
function unstorable(value: unknown, path: string, found: ErrorDetail[]): ErrorDetail[] {
  if (found.length >= maxNamed) return found;
  if (typeof value === 'string') {
    if (value.includes('\0')) found.push({ path, message: 'holds a NUL character' });
    else if (!value.isWellFormed()) found.push({ path, message: 'is not well-formed Unicode' });
  } else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) {
      if (key.includes('\0') || !key.isWellFormed())
        found.push({ path, message: 'has a field name that is not text' });
      unstorable(inner, path === '' ? key : `${path}.${key}`, found);
    }
  }
  return found;
}

const suspicious = /\\u0000|\\u[dD][89a-fA-F]|\0/;

/**
 * A JSON body as a value.
 * @param maxKeys How many fields its objects may have together.
 * @throws AppError INVALID_JSON, or VALIDATION_FAILED for too many fields and for text that cannot be stored.
 */
export function parseJsonBody(body: Uint8Array, maxKeys = standardMaxKeys): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError('INVALID_JSON', { message: 'The body is not valid UTF-8.', cause });
  }
  const shape = shapeOfJson(text);
  if (shape.isTooDeep) {
    throw new AppError('INVALID_JSON', { message: `The body is nested deeper than ${deepest} levels.` });
  }
  requireFewKeys(shape, maxKeys);
  countBodyFields(shape.keys);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^JSON\.parse: /, '').slice(0, 120) : '';
    throw new AppError('INVALID_JSON', { message: `The body is not valid JSON: ${reason}`, cause });
  }
  if (suspicious.test(text)) {
    const found = unstorable(value, '', []);
    if (found.length > 0) throw new AppError('VALIDATION_FAILED', { details: found });
  }
  return value;
}

/** The query string as a flat object. @throws AppError VALIDATION_FAILED for a parameter that comes twice, or too many. */
export function parseQuery(params: URLSearchParams): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  if (params.size > maxParameters) {
    const message = `has ${params.size} parameters: at most ${maxParameters} are taken`;
    throw invalidField('', message, `The query string ${message}.`);
  }
  const wrong: ErrorDetail[] = [];
  for (const [name, value] of params) {
    if (name in query) wrong.push({ path: name, message: 'is given more than once' });
    query[name] = value;
  }
  unstorable(query, '', wrong);
  if (wrong.length > 0) {
    throw new AppError('VALIDATION_FAILED', { details: fewOf(wrong, wrong.length, 'parameters like these') });
  }
  return query;
}

/** Puts path, query and body together. @throws AppError VALIDATION_FAILED for a field that comes from two of them. */
export function mergeInput(
  params: Record<string, string>,
  query: Record<string, string>,
  body: unknown,
): Record<string, unknown> {
  if (body !== undefined && (body === null || typeof body !== 'object' || Array.isArray(body))) {
    throw invalidField('', 'must be a JSON object', 'The body must be a JSON object.');
  }
  const merged: Record<string, unknown> = Object.create(null);
  const twice: ErrorDetail[] = [];
  for (const source of [params, query, (body ?? {}) as Record<string, unknown>]) {
    for (const name of Object.keys(source)) {
      if (name in merged) twice.push({ path: name, message: 'is given in two places' });
      merged[name] = source[name];
    }
  }
  if (twice.length > 0) {
    throw new AppError('VALIDATION_FAILED', { details: fewOf(twice, twice.length, 'fields like these') });
  }
  return merged;
}

const unknownField = 'is not a known field';

/** Zod's complaints as the API's details: a dotted path and a sentence for each. Of unknown fields, the first few by name. */
export function detailsOf(error: z.core.$ZodError): ErrorDetail[] {
  const details: ErrorDetail[] = [];
  const unknown: ErrorDetail[] = [];
  let unknownCount = 0;
  for (const issue of error.issues) {
    const path = issue.path.map(String).join('.');
    if (issue.code !== 'unrecognized_keys') {
      details.push({ path, message: issue.message });
      continue;
    }
    for (const key of issue.keys.slice(0, maxNamed))
      unknown.push({ path: path === '' ? key : `${path}.${key}`, message: unknownField });
    unknownCount += issue.keys.length;
  }
  return [...details, ...fewOf(unknown, unknownCount, 'that are not known fields')];
}

/** Fields that a sentence may list. */
const maxListed = 8;

/** Which field was meant in place of one that is not known: the nearest of the schema's own, else all where they are few. */
function hintFor({ path, message }: ErrorDetail, schema: z.ZodType): string {
  if (message !== unknownField) return '';
  const within = path.split('.');
  const given = within.pop() ?? '';
  const known = fieldsAt(schema, within);
  if (!known) return '';
  const [nearest] = known
    .map((name) => ({ name, distance: editsBetween(name.toLowerCase(), given.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  if (nearest && nearest.distance <= Math.max(2, Math.floor(nearest.name.length / 3)))
    return ` (did you mean ${nearest.name}?)`;
  if (known.length === 0) return ' (none is taken here)';
  return known.length <= maxListed ? ` (known are ${known.join(', ')})` : '';
}

/** The fields that an object of the schema has at this path; undefined where that is no plain object. */
function fieldsAt(schema: z.core.$ZodType | undefined, path: readonly string[]): string[] | undefined {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault)
    inner = inner.unwrap();
  if (!(inner instanceof z.ZodObject)) return undefined;
  const [field, ...rest] = path;
  return field === undefined ? Object.keys(inner.shape) : fieldsAt(inner.shape[field], rest);
}

/** How many letters must change, come or go to make one word the other (Levenshtein 1966); at most 40 letters are compared. */
function editsBetween(one: string, other: string): number {
  const [a, b] = [one.slice(0, 40), other.slice(0, 40)];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}

/** @throws AppError VALIDATION_FAILED that says what is wrong with which field. */
export function validate<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value, { error: plainError });
  if (parsed.success) return parsed.data;
  const details = detailsOf(parsed.error);
  const first = details[0];
  const count = parsed.error.issues.reduce(
    (n, issue) => n + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
    0,
  );
  const more = count > 1 ? `, and ${(count - 1).toLocaleString('en')} more` : '';
  const message = first
    ? `The request does not match the schema: ${first.path || 'the body'}: ${first.message}${hintFor(first, schema)}${more}`
    : undefined;
  throw new AppError('VALIDATION_FAILED', { details, ...(message === undefined ? {} : { message }) });
}

/** A moment given by a caller: ISO 8601 with an offset, between the years 1970 and 2200. */
export const timeInput = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-03-01T10:00:00Z' })
  .refine((text) => {
    const year = new Date(text).getUTCFullYear();
    return year >= 1970 && year <= 2200;
  }, 'must lie between the years 1970 and 2200');

/** A whole telephone number given by a caller: E.164. The shortest of the world have seven digits with their country. A space stands for the plus that a query string turned into one. */
export const phoneInput = z
  .string()
  .transform((text) => text.replace(/^ /, '+'))
  .pipe(z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a whole E.164 number such as +14155550101'));
