export type Random = ReturnType<typeof seededRandom>;

/** Numbers that look random and are the same for the same seed (mulberry32), so that a stand-in's past is stable. */
export function seededRandom(seed: number) {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  return {
    /** In [0, 1). */
    next,
    /** An integer, both ends included. */
    int: (least: number, most: number) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability: number) => next() < probability,
    pick<T>(list: readonly [T, ...T[]]): T {
      return list[Math.floor(next() * list.length)] ?? list[0];
    },
  };
}

/** One seed out of several values, for `seededRandom`. */
export function mixSeed(...parts: (string | number)[]): number {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (const character of parts.join('|')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}
