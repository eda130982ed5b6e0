import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

/** Random bytes by the page: asking for sixteen at a time costs more than the rest of the id. */
const pool = new Uint8Array(16 * 256);
let used = pool.length;

/** A UUID version 7: ids sort by time. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + 16);
  used += 16;
  return v7({ random });
}
