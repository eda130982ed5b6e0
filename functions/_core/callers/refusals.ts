import { takeLimits } from '../database/read-together.ts';
import { AppError } from '../errors.ts';
import type { HeaderFields } from '../http/incoming.ts';
import { log } from '../log.ts';
import { type Caller, countedAs } from './caller.ts';
import { isOperator } from './credentials.ts';
import { type Limits, limitsFor, limitsOn, refusedLimit } from './limits.ts';

interface Refused {
  headers: HeaderFields;
  ip: string;
  /** As far as it is known. */
  caller: Caller | undefined;
  /** What the request was to be counted by. */
  limits: Limits;
}

/** How long an answer waits for its count, ms: a database that is away must not hold up a 404. */
const patienceMs = 1_000;

/**
 * Counts a request that is refused (4xx) and that no limit has counted yet: a person, key or app by their own limit, anybody
 * else by their address (RATE_LIMIT_REFUSED). Operators are not counted, nor are wrong signatures, which have a limit of
 * their own. An accepted request pays nothing for this.
 * @returns the error to answer with: RATE_LIMITED in place of the given one, past the limit.
 */
export async function countRefusal(error: unknown, refused: Refused): Promise<unknown> {
  const { headers, ip, caller, limits } = refused;
  if (!(error instanceof AppError) || error.status >= 500 || limits.isAsked) return error;
  if (error.code === 'RATE_LIMITED' || error.code === 'INVALID_SIGNATURE') return error;
  if (caller?.kind === 'internal' || isOperator(headers)) return error;
  const isKnown = caller !== undefined && countedAs(caller) !== undefined;
  const counting = isKnown ? limits : limitsOn(refusedLimit(ip));
  if (isKnown) limits.asks = limitsFor('api', caller, ip);
  if (counting.asks.length === 0) return error;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<unknown>((resolve) => {
    timer = setTimeout(() => resolve(error), patienceMs);
  });
  const counted = takeLimits(counting).then(
    () => error,
    (cause: unknown) => {
      if (cause instanceof AppError && cause.code === 'RATE_LIMITED') return cause;
      log().warn({ err: cause }, 'a refused request was not counted');
      return error;
    },
  );
  return await Promise.race([counted, late]).finally(() => clearTimeout(timer));
}
