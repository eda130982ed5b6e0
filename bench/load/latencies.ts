/** Latencies of one run, every one of them kept. */
export class Latencies {
  readonly #sorted: Float64Array;
  constructor(milliseconds: readonly number[] | Float64Array) {
    this.#sorted = Float64Array.from(milliseconds).sort();
  }
  get count(): number {
    return this.#sorted.length;
  }
  /** The smallest value that this share of all is not above; NaN of nothing. */
  at(share: number): number {
    return this.#sorted[Math.max(0, Math.ceil(share * this.#sorted.length) - 1)] ?? Number.NaN;
  }
  get most(): number {
    return this.#sorted.at(-1) ?? Number.NaN;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
