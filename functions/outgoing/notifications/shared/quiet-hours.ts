import type { QuietHours } from './preferences.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockIn(timezone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timezone);
  if (!clock) {
    const format = (timeZone: string) =>
      new Intl.DateTimeFormat('en-US', {
        ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
        ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
      });
    try {
      clock = format(timezone);
    } catch {
      clock = format('UTC'); // a zone that this Node does not know
    }
    clocks.set(timezone, clock);
  }
  return clock;
}

/** What calendar and clock on the wall show at an instant, as if they were UTC. */
function wallAt(instantMs: number, timezone: string): number {
  const parts = clockIn(timezone).formatToParts(instantMs);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((each) => each.type === type)?.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** The first instant at which the wall shows this, or, where clocks are put forward over it, something later. */
function instantOf(wallMs: number, timezone: string): number {
  const offsets = [wallMs - dayMs, wallMs + dayMs].map((near) => wallAt(near, timezone) - near);
  const candidates = offsets.map((offset) => wallMs - offset);
  const exact = candidates.filter((instant) => wallAt(instant, timezone) === wallMs);
  if (exact.length > 0) return Math.min(...exact);
  let [before, after] = [Math.min(...candidates), Math.max(...candidates)];
  while (after - before > minuteMs) {
    const middle = before + Math.max(1, Math.floor((after - before) / (2 * minuteMs))) * minuteMs;
    if (wallAt(middle, timezone) < wallMs) before = middle;
    else after = middle;
  }
  return after;
}

function minutesOf(clock: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(clock) ?? [];
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

/**
 * When the quiet hours that run at `now` are over; undefined where none run. They begin when the clock on the wall first
 * shows `from`, and end when it next comes to `to`, on days with 23 or 25 hours as on others.
 */
export function quietUntil(
  now: Date,
  timezone: string,
  { isEnabled, from, to }: QuietHours,
): Date | undefined {
  const [start, end] = [minutesOf(from), minutesOf(to)];
  if (!isEnabled || start === undefined || end === undefined || start === end) return undefined;
  const at = now.getTime();
  const today = Math.floor(wallAt(at, timezone) / dayMs) * dayMs;
  // Those that began yesterday may last until today.
  for (const day of [today - dayMs, today]) {
    const begins = instantOf(day + start * minuteMs, timezone);
    const ends = instantOf(day + (end < start ? dayMs : 0) + end * minuteMs, timezone);
    if (begins <= at && at < ends) return new Date(ends);
  }
  return undefined;
}
