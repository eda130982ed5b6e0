import { createHash } from 'node:crypto';
import { BoundedMap } from '#core/work/bounded-map.ts';

const maxSeen = 20_000;

/**
 * Events that this instance has taken in lately, by a hash of provider and dedupe key, each with whether it was stored. A
 * captured webhook stays rightly signed: sent again, it is counted for the address that sends it, not for its company.
 */
const seen = new BoundedMap<string, { isStored: Promise<boolean>; untilMs: number }>(maxSeen);
const keptForMs = 10 * 60_000;

export const printOf = (provider: string, dedupeKey: string): string =>
  createHash('sha256').update(`${provider}\n${dedupeKey}`).digest('base64url');

/** Whether an event that came before was stored, as soon as that is known; nothing where none came. */
export function seenBefore(print: string, nowMs: number): Promise<boolean> | undefined {
  const known = seen.get(print);
  return known && known.untilMs > nowMs ? known.isStored : undefined;
}

/** Stores an event that none came before, and remembers it where that succeeds. */
export function storeFirst<T>(print: string, nowMs: number, store: () => Promise<T>): Promise<T> {
  const stored = store();
  const isStored = stored.then(
    () => true,
    () => {
      seen.delete(print);
      return false;
    },
  );
  seen.delete(print); // the newest are at the end
  seen.set(print, { isStored, untilMs: nowMs + keptForMs });
  return stored;
}

/** For tests: as another instance. */
export function forgetSeenEvents(): void {
  seen.clear();
}
