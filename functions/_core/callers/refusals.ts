import { takeLimits } from '../database/read-together.ts';
import { AppError } from '../errors.ts';
import type { HeaderFields } from '../http/incoming.ts';
import { log } from '../log.ts';
import { type Caller, countedAs } from './caller.ts';
import { isOperator } from './credentials.ts';
import { type LimitState, limitsFor, refusedLimit, uncounted } from './limits.ts';

interface Refused {
  headers: HeaderFields;
  ip: string;
  /** As far as it is known. */
  caller: Caller | undefined;
}

/** What a refused request is answered with. */
interface Refusal {
  error: unknown;
  /** How the caller's tightest limit stands, where one counted the request. */
  limit: LimitState | undefined;
}

/** How long an answer waits for its count, ms: a database that is away must not hold up a 404. */
const patienceMs = 1_000;

/**
 * Counts a request that is refused (4xx) and that no limit has counted yet: a person, key or app by their own limit, anybody
 * else by their address (RATE_LIMIT_REFUSED). Operators are not counted, nor are wrong signatures, which have a limit of
 * their own. An accepted request pays nothing for this.
 * @param failure The error, or a CountedFailure of it.
 * @returns the error to answer with: RATE_LIMITED in place of the given one, past the limit.
 */
export async function countRefusal(failure: unknown, refused: Refused): Promise<Refusal> {
  const { headers, ip, caller } = refused;
  const { error, limit } = uncounted(failure);
  const asItIs: Refusal = { error, limit };
  if (!(error instanceof AppError) || error.status >= 500 || limit) return asItIs;
  if (error.code === 'RATE_LIMITED' || error.code === 'INVALID_SIGNATURE') return asItIs;
  if (caller?.kind === 'internal' || isOperator(headers)) return asItIs;
  const isKnown = caller !== undefined && countedAs(caller) !== undefined;
  const asks = isKnown ? limitsFor('api', caller, ip) : refusedLimit(ip);
  if (asks.length === 0) return asItIs;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Refusal>((resolve) => {
    timer = setTimeout(() => resolve(asItIs), patienceMs);
  });
  const counted = takeLimits(asks).then(
    // How an address stands that is refused, nobody is told.
    (state): Refusal => ({ error, limit: isKnown ? state : undefined }),
    (cause: unknown): Refusal => {
      if (cause instanceof AppError && cause.code === 'RATE_LIMITED')
        return { error: cause, limit: undefined };
      log().warn({ err: cause }, 'a refused request was not counted');
      return asItIs;
    },
  );
  return await Promise.race([counted, late]).finally(() => clearTimeout(timer));
}
