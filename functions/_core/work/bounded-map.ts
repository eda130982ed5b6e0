/** A map of at most so many entries: a new one beyond them takes the place of the one that came first. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #most: number;

  constructor(most: number) {
    super();
    this.#most = most;
  }

  override set(key: K, value: V): this {
    if (this.size >= this.#most && !this.has(key)) {
      for (const first of this.keys()) {
        this.delete(first);
        break;
      }
    }
    return super.set(key, value);
  }
}
