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
