import { AppError, type ErrorCode } from '../errors.ts';
import { ConnectError } from './database-socket.ts';
import { unavailable } from './pool.ts';

const awayCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  '53300', // too many connections
  '57P01', // the server is stopping …
  '57P02',
  '57P03', // … or starting
  '57014', // the statement took longer than it may
  '25P03', // the transaction idled longer than it may
]);

function codeOf(error: unknown): string {
  const inner =
    error instanceof Error && 'query' in error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error && 'code' in inner ? String(inner.code) : '';
}

/** The SQLSTATEs with which the database refuses a caller. */
export const refusals: Record<string, ErrorCode> = { TL401: 'UNAUTHENTICATED', TL403: 'FORBIDDEN' };

/**
 * Postgres's refusals of a caller, and its absence, as the errors that a caller is told.
 * @param isMember It was asked as a person or key: what the policies or grants refuse then is forbidden, not a fault of ours.
 */
export function translated(error: unknown, isMember = false): unknown {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const refusal = refusals[code];
  if (isMember && code === '42501')
    return new AppError('FORBIDDEN', { message: 'You may not change this.', cause: error });
  if (refusal) return new AppError(refusal, { message: (error as Error).message, cause: error });
  if (error instanceof ConnectError || awayCodes.has(code) || code.startsWith('08'))
    return unavailable(error); // class 08: the connection failed
  return error;
}

/** The SQLSTATE of a failed statement, '' for any other error: 23505 is a unique violation. */
export const sqlStateOf = (error: unknown): string => {
  const code = codeOf(error);
  return /^[0-9A-Z]{5}$/.test(code) ? code : '';
};

/** Whether the same transaction, run again, may well succeed: it met another one (serialisation failure, deadlock). */
export const isPassing = (error: unknown): boolean => ['40001', '40P01'].includes(sqlStateOf(error));
