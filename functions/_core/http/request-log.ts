import type { Contract } from '../contract.ts';
import { AppError } from '../errors.ts';
import { log } from '../log.ts';

/** One line for each request: what failed on our side as an error, with its cause. */
export function logRequest(
  { method, path }: Pick<Contract, 'method' | 'path'>,
  status: number,
  seconds: number,
  requestId: string,
  failure: unknown,
): void {
  const line = {
    method,
    route: path,
    status,
    ms: Math.round(seconds * 10_000) / 10,
    requestId,
  };
  if (status >= 500) log().error({ ...line, err: failure }, 'request failed');
  else if (failure instanceof AppError) {
    // The database's own words, where it was the one that refused: they may be about us.
    const cause =
      failure.cause instanceof Error && failure.status === 400 ? { cause: failure.cause.message } : {};
    log().info({ ...line, code: failure.code, ...cause }, 'request refused');
  } else log().info(line, 'request');
}
