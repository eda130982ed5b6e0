import {
  intakeLimit,
  limitStateOf,
  requireNotRefused,
  takeLimitParams,
  takeLimitText,
} from '#core/callers/limits.ts';
import { callFunction, takeLimits } from '#core/database/read-together.ts';
import { AppError } from '#core/errors.ts';
import { limitAddress } from '#core/http/address.ts';
import { BoundedMap } from '#core/work/bounded-map.ts';

/** What of a limit this instance has taken in advance, so that not every event asks the database. */
interface Lot {
  events: number;
  bytes: number;
  /** Events that the next purchase has. */
  size: number;
  untilMs: number;
}

const maxLots = 10_000;

const lots = new BoundedMap<string, Lot>(maxLots);
const maxEvents = 32;
/** Of an event, ordinarily. */
const bytesOfEvent = 16_384;
const keptForMs = 60_000;

/** Whose limit counts an event: of the company whose secret signed it, or of the address that repeats it. */
export type IntakeOf = `company:${string}` | `address:${string}`;

export const intakeOfCompany = (companyId: string): IntakeOf => `company:${companyId}`;
export const intakeOfAddress = (ip: string): IntakeOf => `address:${limitAddress(ip)}`;

/** Purchases that are on their way: one at a time for each limit, and the others that need it wait for that one. */
const purchases = new Map<IntakeOf, Promise<void>>();

function lotOf(whose: IntakeOf, nowMs: number): Lot | undefined {
  const lot = lots.get(whose);
  return lot && lot.untilMs > nowMs ? lot : undefined;
}

/**
 * Counts an event. The first of an instance asks the database; while more come, it takes twice as many in advance each
 * time, up to 32, and half as many where the limit has no room for so many.
 * @throws AppError UNAVAILABLE past the limit: Dialpad repeats after 5xx alone, never after 429.
 */
export async function takeIntake(whose: IntakeOf, bytes: number, nowMs: number): Promise<void> {
  for (;;) {
    const lot = lotOf(whose, nowMs);
    if (lot && lot.events > 0 && lot.bytes >= bytes) {
      lot.events -= 1;
      lot.bytes -= bytes;
      return;
    }
    const coming = purchases.get(whose);
    if (coming) {
      await coming;
      continue;
    }
    const purchase = buy(whose, bytes, nowMs).finally(() => purchases.delete(whose));
    purchases.set(whose, purchase);
    return await purchase;
  }
}

/** Takes an event of the buyer's and, where there is room, more in advance, which go to what is left of the lot. */
async function buy(whose: IntakeOf, bytes: number, nowMs: number): Promise<void> {
  const bytesOfEach = Math.max(bytesOfEvent, bytes);
  // Of great events fewer in advance: what is not used is lost to the limit.
  const most = Math.max(1, Math.floor((maxEvents * bytesOfEvent) / bytesOfEach));
  const size = lotOf(whose, nowMs)?.size ?? 1;
  const wanted = Math.min(size, most);
  let events = wanted;
  while (events > 1 && !(await isTaken(whose, events, events * bytesOfEach))) events = Math.floor(events / 2);
  if (events === 1) await takeOne(whose, bytesOfEach);
  const left = lotOf(whose, nowMs);
  lots.set(whose, {
    events: (left?.events ?? 0) + events - 1,
    bytes: (left?.bytes ?? 0) + events * bytesOfEach - bytes,
    size: events < wanted ? events : Math.min(size * 2, maxEvents),
    untilMs: nowMs + keptForMs,
  });
}

/** Several at once. That there is no room for them is not remembered: there may be for fewer. */
async function isTaken(whose: IntakeOf, events: number, bytes: number): Promise<boolean> {
  const [ask] = intakeLimit(whose, { events, bytes });
  if (!ask) return true;
  requireOpen(whose);
  const [row] = await callFunction(takeLimitText, takeLimitParams(ask));
  return limitStateOf(row).isAllowed;
}

async function takeOne(whose: IntakeOf, bytes: number): Promise<void> {
  try {
    await takeLimits(intakeLimit(whose, { events: 1, bytes }));
  } catch (error) {
    const lot = lots.get(whose);
    if (lot) lot.size = 1;
    throw asUnavailable(error, whose);
  }
}

function asUnavailable(error: unknown, whose: IntakeOf): unknown {
  if (!(error instanceof AppError && error.code === 'RATE_LIMITED')) return error;
  const sender = whose.startsWith('company:')
    ? 'The company sends more webhooks'
    : 'Your address repeats more webhooks';
  return new AppError('UNAVAILABLE', {
    message: `${sender} than RATE_LIMIT_INTAKE lets in: send this one again later.`,
    headers: { 'retry-after': error.headers['retry-after'] ?? '1' },
  });
}

function requireOpen(whose: IntakeOf): void {
  try {
    requireNotRefused(intakeLimit(whose, { events: 1, bytes: 0 }), Date.now());
  } catch (error) {
    throw asUnavailable(error, whose);
  }
}

/**
 * Before an event is parsed: whether this instance knows that there is no room for it.
 * @throws AppError UNAVAILABLE
 */
export function requireIntake(whose: IntakeOf, bytes: number, nowMs: number): void {
  const lot = lotOf(whose, nowMs);
  if (lot && lot.events > 0 && lot.bytes >= bytes) return;
  requireOpen(whose);
}

/** An event that was counted had been counted before: it goes back to the lot, as long as there is one. */
export function giveIntakeBack(whose: IntakeOf, bytes: number, nowMs: number): void {
  const lot = lotOf(whose, nowMs);
  if (!lot) return;
  lot.events += 1;
  lot.bytes += bytes;
}

/** For tests: as another instance. */
export function forgetIntake(): void {
  lots.clear();
}
