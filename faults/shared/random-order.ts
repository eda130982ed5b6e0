import { seededRandom } from '../../local/providers/dialpad/random.ts';

export interface RandomOrder {
  next(): number;
  /** An integer in [from, to]. */
  between(from: number, to: number): number;
  /** The same items, in an order of the seed's. */
  shuffled<T>(list: readonly T[]): T[];
}

export function randomOrder(seed: number): RandomOrder {
  const next = seededRandom(seed);
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    shuffled: (list) =>
      list
        .map((item) => ({ item, place: next() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  };
}
