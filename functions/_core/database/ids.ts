import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** Random bytes by the page: asking for sixteen at a time costs more than the rest of the id. */
const pool = new Uint8Array(16 * 256);
let used = pool.length;

let lastMs = 0;
let sequence = 0;

/** A UUID version 7: ids sort by time, and those of one process in the order in which they were made. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + 16);
  used += 16;
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    sequence = ((random[0] ?? 0) << 16) | ((random[1] ?? 0) << 8) | (random[2] ?? 0); // with room to count on
  } else sequence++;
  return v7({ random, msecs: lastMs, seq: sequence });
}
