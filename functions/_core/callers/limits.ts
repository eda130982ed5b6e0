import { createHash } from 'node:crypto';
import { env, type RateLimit } from '../env.ts';
import { AppError } from '../errors.ts';
import { limitAddress } from '../http/address.ts';
import { BoundedMap } from '../work/bounded-map.ts';
import { type Caller, countedAs } from './caller.ts';

/** Which figure of the rate limits counts for an endpoint; 'none' for what nobody has to be held back from. */
export type LimitClass = 'api' | 'auth' | 'strict' | 'team' | 'stream' | 'none';

/** A request to count: `key` says whose and of which class, the limits of which both must let it in. */
export interface LimitAsk {
  key: string;
  limits: readonly [RateLimit, RateLimit?];
}

/** How a limit stands after a request, as Postgres gives it (private.take_limit). */
export interface LimitState {
  isAllowed: boolean;
  limit: number;
  remaining: number;
  /** Until all of it is free again. */
  resetSeconds: number;
  /** Until the next request is let in, rounded up; 0 where this one was. */
  retrySeconds: number;
  /** The same, rounded down. */
  retryMs: number;
}

/** What failed once its request was counted: the answer tells both. */
export class CountedFailure extends Error {
  /** The tightest of the limits. */
  readonly limit: LimitState;
  constructor(cause: unknown, limit: LimitState) {
    super('A request failed after it was counted.', { cause });
    this.limit = limit;
  }
}

/** Has a failure tell that the request was counted, where it was. */
export const counted = (error: unknown, limit: LimitState | undefined): unknown =>
  limit ? new CountedFailure(error, limit) : error;

/** The same in its parts, where it is not known whether it was. */
export const uncounted = (error: unknown): { error: unknown; limit: LimitState | undefined } =>
  error instanceof CountedFailure ? { error: error.cause, limit: error.limit } : { error, limit: undefined };

/** For one office behind one address, whose people all log in at nine. */
const peopleOfAnAddress = 30;
/** As much as a setting may say: Postgres counts in an integer. */
const maxCount = 999_999_999;

/** What a request is about, without telling it: an address, or a token that nobody else must learn. */
const printOf = (account: string): string =>
  createHash('sha256').update(account).digest('base64url').slice(0, 22);

/** One or two limits of which both must let a request in; nothing where both are off. */
function asksOf(key: string, first: RateLimit | undefined, second?: RateLimit): LimitAsk[] {
  const [one, two] = [first, second].filter((limit) => limit !== undefined);
  return one ? [{ key, limits: two ? [one, two] : [one] }] : [];
}

/**
 * What is to be counted for a request of this class, most particular first.
 * @param account What an `auth` request is about: an e-mail address in the form in which addresses are compared, a token.
 */
export function limitsFor(
  limitClass: LimitClass,
  caller: Caller,
  ip: string,
  account?: string | undefined,
): LimitAsk[] {
  const settings = env();
  const ask = asksOf;
  const who = countedAs(caller) ?? `ip:${limitAddress(ip)}`;
  switch (limitClass) {
    case 'api':
      return ask(`api:${who}`, settings.RATE_LIMIT_API, settings.RATE_LIMIT_API_HOUR);
    case 'strict':
      return ask(`strict:${who}`, settings.RATE_LIMIT_STRICT);
    case 'team':
      return ask(`team:${who}`, settings.RATE_LIMIT_TEAM);
    case 'auth': {
      const limit = settings.RATE_LIMIT_AUTH;
      if (account === undefined) return ask(`auth:${who}`, limit);
      const count = Math.min((limit?.count ?? 0) * peopleOfAnAddress, maxCount);
      const ofAddress = limit && { ...limit, count };
      return [...ask(`auth:${who}:${printOf(account)}`, limit), ...ask(`auth:${who}`, ofAddress)];
    }
    case 'stream':
      return ask(`stream:${who}`, settings.RATE_LIMIT_STREAM);
    case 'none':
      return [];
  }
}

/** Wrong or missing signatures of one address. */
export const badSignatureLimit = (ip: string): LimitAsk[] =>
  asksOf(`webhook:ip:${limitAddress(ip)}`, env().RATE_LIMIT_WEBHOOK);

/** What one address is refused and no other limit counts. Where the platform tells no address, nothing is counted. */
export const refusedLimit = (ip: string): LimitAsk[] =>
  ip === '' ? [] : asksOf(`refused:ip:${limitAddress(ip)}`, env().RATE_LIMIT_REFUSED);

/**
 * The limit of webhooks, and of their bytes, that a company's own secrets signed (the company can sign anything with them),
 * or that an address repeats. m events are asked for at once as one event of a limit of n / m.
 */
export function intakeLimit(whose: string, { events, bytes }: { events: number; bytes: number }): LimitAsk[] {
  const settings = env();
  const part = (limit: RateLimit | undefined, asked: number) =>
    limit && { ...limit, count: Math.max(1, Math.floor(limit.count / asked)) };
  return askOf(
    `intake:${whose}`,
    part(settings.RATE_LIMIT_INTAKE, events),
    part(settings.RATE_LIMIT_INTAKE_KILOBYTES, Math.max(1, bytes / 1024)),
  );
}

/** For an hour and for a day; what is `off` does not count. */
const askOf = (key: string, ...limits: (RateLimit | undefined)[]): LimitAsk[] => {
  const [first, second] = limits.filter((limit) => limit !== undefined);
  return first ? [{ key, limits: second ? [first, second] : [first] }] : [];
};

/** How much more than in its own window is let in within a day of codes. */
const codesOfADay = 2;

/**
 * Codes that are sent to a telephone number: by the person, by the number for all who ask, and by the address on the
 * network, with `addressShare` times as many.
 */
export function codeLimits(given: { userId: string; phone: string; ip: string }): LimitAsk[] {
  const limit = env().RATE_LIMIT_SMS_CODE;
  if (!limit) return [];
  const addressShare = 4;
  const ofADay = (times: number) => ({ count: limit.count * codesOfADay * times, seconds: 86_400 });
  return [
    ...askOf(`sms-code:user:${given.userId}`, limit, ofADay(1)),
    ...askOf(`sms-code:number:${printOf(given.phone)}`, limit, ofADay(1)),
    ...askOf(
      `sms-code:ip:${limitAddress(given.ip)}`,
      { ...limit, count: limit.count * addressShare },
      ofADay(addressShare),
    ),
  ];
}

/** What an SMS is about. Each is counted by itself, so that missed calls cannot use up what security needs. */
export type SmsClass = 'security' | 'notices';

/** SMS of a person, and of a company. A company that sends by its own account is not counted. */
export function smsLimits(given: {
  smsClass: SmsClass;
  userId: string;
  companyId: string | undefined;
}): LimitAsk[] {
  const settings = env();
  return [
    ...askOf(
      `sms:${given.smsClass}:user:${given.userId}`,
      settings.RATE_LIMIT_SMS_PERSON,
      settings.RATE_LIMIT_SMS_PERSON_DAY,
    ),
    ...(given.companyId === undefined
      ? []
      : askOf(
          `sms:${given.smsClass}:company:${given.companyId}`,
          settings.RATE_LIMIT_SMS_COMPANY,
          settings.RATE_LIMIT_SMS_COMPANY_DAY,
        )),
  ];
}

export const takeLimitText = 'select private.take_limit($1, $2::int, $3::int, $4::int, $5::int) as state';
export const takeLimitParams = ({ key, limits: [first, second] }: LimitAsk): (string | number | null)[] => [
  key,
  first.count,
  first.seconds,
  second?.count ?? null,
  second?.seconds ?? null,
];

export function limitStateOf(row: Record<string, unknown> | undefined): LimitState {
  const numbers = (row?.state ?? []) as number[]; // integer[], as postgres.js reads it
  const [allowed = 1, limit = 0, remaining = 0, resetSeconds = 0, retrySeconds = 0, retryMs = 0] = numbers;
  return { isAllowed: allowed === 1, limit, remaining, resetSeconds, retrySeconds, retryMs };
}

export const limitHeaders = (state: LimitState): Record<string, string> => ({
  'ratelimit-limit': String(state.limit),
  'ratelimit-remaining': String(state.remaining),
  'ratelimit-reset': String(state.resetSeconds),
});
const maxRefused = 10_000;

/** Keys that were refused, and until when: nobody else can make a limit let in earlier, so the database need not be asked. */
const refusedUntil = new BoundedMap<string, { untilMs: number; state: LimitState }>(maxRefused);

export function rememberRefusal(ask: LimitAsk, state: LimitState, nowMs: number): void {
  refusedUntil.set(ask.key, { untilMs: nowMs + state.retryMs, state });
}

/** @throws AppError RATE_LIMITED for what is known to be refused still. */
export function requireNotRefused(asks: readonly LimitAsk[], nowMs: number): void {
  for (const { key } of asks) {
    const known = refusedUntil.get(key);
    if (!known) continue;
    if (known.untilMs > nowMs) {
      const retryMs = known.untilMs - nowMs;
      throw limitedError({ ...known.state, retryMs, retrySeconds: Math.ceil(retryMs / 1000) });
    }
    refusedUntil.delete(key);
  }
}

export function limitedError(state: LimitState): AppError {
  const seconds = Math.max(1, state.retrySeconds);
  return new AppError('RATE_LIMITED', {
    message: `Too many requests: try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
    headers: { ...limitHeaders(state), 'retry-after': String(seconds) },
  });
}

/** For tests. */
export function forgetRefusals(): void {
  refusedUntil.clear();
}
