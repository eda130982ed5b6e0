import { takeLimits } from '#core/db.ts';
import { AppError } from '#core/errors.ts';
import { intakeLimit, limitsOn } from '#core/limits.ts';

/** What of a company's limit this instance has taken in advance, so that not every event asks the database. */
interface Lot {
  events: number;
  bytes: number;
  /** Events that the next one has at least. */
  size: number;
  untilMs: number;
}

const lots = new Map<string, Lot>();
const mostLots = 10_000;
const mostEvents = 32;
/** Of an event, ordinarily. */
const bytesOfEvent = 16_384;
const keptForMs = 60_000;

/**
 * Counts an event that a company's own secret signed. The first of an instance asks the database; while more come, it takes
 * twice as many in advance each time, up to 32.
 * @throws AppError UNAVAILABLE past the limit: Dialpad repeats after 5xx alone, never after 429.
 */
export async function takeIntake(companyId: string, bytes: number, nowMs: number): Promise<void> {
  const known = lots.get(companyId);
  const lot = known && known.untilMs > nowMs ? known : undefined;
  if (lot && lot.events > 0 && lot.bytes >= bytes) {
    lot.events -= 1;
    lot.bytes -= bytes;
    return;
  }
  const events = lot?.size ?? 1;
  const taken = { events, bytes: Math.max(bytes, events * bytesOfEvent) };
  try {
    await takeLimits(limitsOn(intakeLimit(companyId, taken)));
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'RATE_LIMITED')) throw error;
    throw new AppError('UNAVAILABLE', {
      message: 'The company sends more webhooks than RATE_LIMIT_INTAKE lets in: send this one again later.',
      headers: { 'retry-after': error.headers['retry-after'] ?? '1' },
    });
  }
  if (lots.size >= mostLots) lots.delete(lots.keys().next().value ?? '');
  lots.set(companyId, {
    events: events - 1,
    bytes: taken.bytes - bytes,
    size: Math.min(events * 2, mostEvents),
    untilMs: nowMs + keptForMs,
  });
}

/** For tests: as another instance. */
export function forgetIntake(): void {
  lots.clear();
}
