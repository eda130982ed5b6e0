/** Lets one at a time through, in the order in which they came. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Waits for those who came before. @returns what lets the next one in; calling it twice does nothing more. */
  async enter(): Promise<() => void> {
    const before = this.last;
    let leave = () => {};
    this.last = new Promise((resolve) => {
      leave = resolve;
    });
    await before;
    return leave;
  }
}

/** Lets some at a time through: whoever comes takes their turn in the next lane. */
export class Lanes {
  readonly #lanes: readonly Turns[];
  #next = 0;

  constructor(count: number) {
    this.#lanes = Array.from({ length: count }, () => new Turns());
  }

  /** Waits for those who came before in the lane. @returns what lets the next one in. */
  async enter(): Promise<() => void> {
    const lane = this.#lanes[this.#next++ % this.#lanes.length];
    if (!lane) throw new Error('There are no lanes.');
    return await lane.enter();
  }
}
