import * as z from 'zod';
import { AppError, type ErrorDetail } from './errors.ts';

/** Nesting that no honest body has; past it, recursive code would exhaust the stack. */
const deepest = 64;

/** Whether JSON text nests deeper than `deepest`, told without parsing it. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 92) i++;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 91 || c === 123) {
      if (++depth > deepest) return true;
    } else if (c === 93 || c === 125) depth--;
  }
  return false;
}

/** Text that Postgres cannot store: NUL, or half of a surrogate pair. Names where it stands. */
function unstorable(value: unknown, path: string, found: ErrorDetail[]): ErrorDetail[] {
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
 * @throws AppError INVALID_JSON, or VALIDATION_FAILED for text that cannot be stored.
 */
export function parseJsonBody(body: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError('INVALID_JSON', { message: 'The body is not valid UTF-8.', cause });
  }
  if (isTooDeep(text)) {
    throw new AppError('INVALID_JSON', { message: `The body is nested deeper than ${deepest} levels.` });
  }
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

/** The query string as a flat object. @throws AppError VALIDATION_FAILED for a parameter that comes twice. */
export function parseQuery(params: URLSearchParams): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  const wrong: ErrorDetail[] = [];
  for (const [name, value] of params) {
    if (name in query) wrong.push({ path: name, message: 'is given more than once' });
    query[name] = value;
  }
  unstorable(query, '', wrong);
  if (wrong.length > 0) throw new AppError('VALIDATION_FAILED', { details: wrong });
  return query;
}

/** Puts path, query and body together. @throws AppError VALIDATION_FAILED for a field that comes from two of them. */
export function mergeInput(
  params: Record<string, string>,
  query: Record<string, string>,
  body: unknown,
): Record<string, unknown> {
  if (body !== undefined && (body === null || typeof body !== 'object' || Array.isArray(body))) {
    throw new AppError('VALIDATION_FAILED', {
      message: 'The body must be a JSON object.',
      details: [{ path: '', message: 'must be a JSON object' }],
    });
  }
  const merged: Record<string, unknown> = Object.create(null);
  const twice: ErrorDetail[] = [];
  for (const source of [params, query, (body ?? {}) as Record<string, unknown>]) {
    for (const name of Object.keys(source)) {
      if (name in merged) twice.push({ path: name, message: 'is given in two places' });
      merged[name] = source[name];
    }
  }
  if (twice.length > 0) throw new AppError('VALIDATION_FAILED', { details: twice });
  return merged;
}

/** Zod's complaints as the API's details: a dotted path and a sentence for each, unknown fields by name. */
export function detailsOf(error: z.core.$ZodError): ErrorDetail[] {
  return error.issues.flatMap((issue): ErrorDetail[] => {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: path === '' ? key : `${path}.${key}`,
        message: 'is not a known field',
      }));
    }
    return [{ path, message: issue.message }];
  });
}

/** @throws AppError VALIDATION_FAILED that names each bad field. */
export function validate<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const details = detailsOf(parsed.error);
  const first = details[0];
  const message = first
    ? `The request does not match the schema: ${first.path || 'the body'}: ${first.message}`
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

/** A telephone number given by a caller: E.164. A space stands for the plus that a query string turned into one. */
export const phoneInput = z
  .string()
  .transform((text) => text.replace(/^ /, '+'))
  .pipe(z.string().regex(/^\+[1-9]\d{1,14}$/, 'must be an E.164 number such as +14155550101'));
