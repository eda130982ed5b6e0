import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { type Caller, callerIdOf } from '../callers/caller.ts';
import { callFunction } from '../database/read-together.ts';
import type { LastStatement } from '../database/statement.ts';
import { AppError, invalidField } from '../errors.ts';
import { log } from '../log.ts';
import { decryptSecret, encryptSecret, placeOf } from '../security/secrets.ts';
import type { HeaderFields } from './incoming.ts';
import type { Reply } from './reply.ts';

/** A write that came with an Idempotency-Key, and may have come before. */
export interface IdempotentRequest {
  scope: string;
  route: string;
  key: string;
  fingerprint: Buffer;
}

/** One attempt at it. */
export interface Attempt {
  /** For each transaction of the request: leaves word of the effect, in the effect's own transaction. */
  mark: LastStatement;
  /** Keeps the answer for a day; one of a trouble of ours without effect frees the key instead. */
  end(reply: Reply): Promise<void>;
}

const longestKey = 255;

/** Whose keys do not meet another's: a company's, the operators', those of one address that nobody has logged in from. */
const scopeOf = (caller: Caller, ip: string): string =>
  'companyId' in caller ? caller.companyId : caller.kind === 'nobody' ? `nobody:${ip}` : caller.kind;

/**
 * The request's Idempotency-Key, with what it was sent with. Nothing where there is none.
 * @throws AppError VALIDATION_FAILED for a key that is empty, too long or not text.
 */
export function idempotentRequestOf(
  headers: HeaderFields,
  caller: Caller,
  ip: string,
  route: string,
  target: string,
  body: readonly Uint8Array[],
): IdempotentRequest | undefined {
  const key = headers.get('idempotency-key');
  if (key === null) return undefined;
  if (key === '' || key.length > longestKey || !/^[\x20-\x7e]+$/.test(key)) {
    const message = `must be 1 to ${longestKey} characters of printable ASCII`;
    throw invalidField('Idempotency-Key', message, `The Idempotency-Key ${message}.`);
  }
  const fingerprint = createHash('sha256').update(`${callerIdOf(caller)}\n${target}\n`);
  for (const piece of body) fingerprint.update(piece);
  return { scope: scopeOf(caller, ip), route, key, fingerprint: fingerprint.digest() };
}

const KeptReply = z.object({
  status: z.number(),
  headers: z.record(z.string(), z.string()),
  text: z.string().nullable(),
  base64: z.string().nullable(),
});

const answerPlace = ({ scope, route, key, fingerprint }: IdempotentRequest) =>
  placeOf('idempotency_keys.answer', { scope, route, key, fingerprint });

/** Encrypted, since an answer may show a new key or token, which is stored nowhere else. */
function kept({ status, headers, body }: Reply, request: IdempotentRequest): string {
  const reply: z.infer<typeof KeptReply> = {
    status,
    headers,
    text: typeof body === 'string' ? body : null,
    base64: body instanceof Uint8Array ? Buffer.from(body).toString('base64') : null,
  };
  return encryptSecret(JSON.stringify(reply), answerPlace(request));
}

const answerLost = () =>
  new AppError('CONFLICT', {
    message:
      'The first request with this Idempotency-Key had its effect, but its answer was lost: look at what is there.',
  });

/** @throws AppError CONFLICT for an answer that does not open: the effect is there, and must not come twice. */
function opened(answer: string, request: IdempotentRequest): z.infer<typeof KeptReply> {
  try {
    return KeptReply.parse(JSON.parse(decryptSecret(answer, answerPlace(request))));
  } catch (error) {
    log().error({ route: request.route, err: error }, 'the answer to an Idempotency-Key does not open');
    throw answerLost();
  }
}

function replayed(answer: string, request: IdempotentRequest): Reply {
  const { status, headers, text, base64 } = opened(answer, request);
  return {
    status,
    headers: { ...headers, 'idempotent-replayed': 'true' },
    body: base64 === null ? text : Buffer.from(base64, 'base64'),
  };
}

/** How long the second of two equal requests waits for the first one's answer before it is told 409, ms. */
const patienceMs = 3_000;

const beginText = 'select * from private.begin_idempotent($1, $2, $3, $4::bytea, $5::uuid)';
const endText = 'select private.end_idempotent($1, $2, $3, $4::uuid, $5, $6::boolean)';

/**
 * Begins a request that has an Idempotency-Key: an attempt to go on with, or the answer of the one that came first.
 * @throws AppError IDEMPOTENCY_KEY_REUSED, or CONFLICT while the first one runs or when its answer was lost.
 */
export async function beginIdempotent(request: IdempotentRequest): Promise<Attempt | Reply> {
  const { scope, route, key, fingerprint } = request;
  const attempt = randomUUID();
  const started = performance.now();
  for (let waitMs = 25; ; waitMs = Math.min(waitMs * 2, 400)) {
    const [row] = await callFunction(beginText, [scope, route, key, fingerprint, attempt]);
    switch (row?.state) {
      case 'new':
        return attemptOf(request, attempt);
      case 'answered':
        return replayed(String(row.answer), request);
      case 'reused':
        throw new AppError('IDEMPOTENCY_KEY_REUSED');
      case 'lost':
        throw answerLost();
      default:
        if (performance.now() - started > patienceMs) {
          throw new AppError('CONFLICT', {
            message: 'The first request with this Idempotency-Key is still running: try again in a moment.',
            headers: { 'retry-after': '1' },
          });
        }
        await sleep(waitMs);
    }
  }
}

function attemptOf(request: IdempotentRequest, attempt: string): Attempt {
  const { scope, route, key } = request;
  return {
    mark: {
      text: 'select private.mark_idempotent($1, $2, $3, $4::uuid)',
      params: [scope, route, key, attempt],
    },
    async end(reply) {
      const isFinal = reply.status < 500;
      await callFunction(endText, [scope, route, key, attempt, kept(reply, request), isFinal]).catch(
        (error: unknown) =>
          log().error({ route, err: error }, 'the answer to an Idempotency-Key could not be kept'),
      );
    },
  };
}
