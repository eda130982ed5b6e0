import type { Context } from '@netlify/functions';
import { AppError } from '../errors.ts';

/** Header fields by their names in lower case. The web's Headers are such. */
export interface HeaderFields {
  get(name: string): string | null;
}

/** A request, as each platform has it before anything is made of it. */
export interface Incoming {
  method: string;
  url: URL;
  /** Path and query as they were sent, where the platform tells: `url` may write them otherwise. */
  target?: string;
  headers: HeaderFields;
  /** All of it, or as it comes. Null where there is none. */
  body: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** How many bytes `body` has, where the platform knows before it is read. */
  bodyBytes?: number;
}

/** What the platform knows beside the request, as Netlify's context names it. */
export type Platform = Partial<Pick<Context, 'ip' | 'waitUntil'>>;

export const webIncoming = (request: Request): Incoming => ({
  method: request.method,
  url: new URL(request.url),
  headers: request.headers,
  body: request.body,
});

/** Of a record whose names are in lower case, as Node and API Gateway give them; fields that came twice are joined. */
export const headerFields = (record: Record<string, string | string[] | undefined>): HeaderFields => ({
  get(name) {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  },
});

export const noHeaders: HeaderFields = { get: () => null };

/** `text/csv` of `Text/CSV; charset=utf-8`. */
export const mediaTypeOf = (contentType: string): string =>
  (contentType.split(';')[0] ?? '').trim().toLowerCase();

const isJson = (type: string) => /^application\/(?:[\w.+-]+\+)?json\b/i.test(type);

/** What a contract says of the body. */
interface Readable {
  body: 'json' | 'raw' | 'upload';
  accepts: readonly string[];
}

function requireType(type: string, kind: Readable['body'], accepts: readonly string[]): void {
  if (kind === 'json' && !isJson(type)) throw new AppError('UNSUPPORTED_MEDIA_TYPE');
  if (kind === 'upload' && !accepts.includes(mediaTypeOf(type)))
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', { message: `The body must be ${accepts.join(' or ')}.` });
}

/**
 * The body's bytes, at most `limit` of them. What is announced as more is refused unread, what comes as more is refused
 * with the first byte past the limit, and no more of it is read.
 * @throws AppError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE for an endpoint that is sent something else than JSON or
 * what its uploads may be, or
 * VALIDATION_FAILED for a body that breaks off.
 */
export async function readBody(
  incoming: Incoming,
  { body: kind, accepts }: Readable,
  limit: number,
): Promise<Buffer> {
  const { headers, body, bodyBytes } = incoming;
  const tooLarge = () =>
    new AppError('PAYLOAD_TOO_LARGE', { message: `The body may have at most ${limit} bytes.` });
  if ((bodyBytes ?? Number(headers.get('content-length') ?? 0)) > limit) throw tooLarge();
  if (!body) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : unbroken(body)) {
    if (size === 0 && chunk.length > 0) requireType(headers.get('content-type') ?? '', kind, accepts);
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  const [first] = chunks;
  return chunks.length === 1 && first
    ? Buffer.from(first.buffer, first.byteOffset, first.length)
    : Buffer.concat(chunks);
}

/** A caller that goes away in the middle is no fault of ours. */
async function* unbroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (cause) {
    throw new AppError('VALIDATION_FAILED', { message: 'The body broke off.', cause });
  }
}
