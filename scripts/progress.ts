/** A terminal, or a file or pipe that a command's output goes to. */
export interface Output {
  isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Shows how far a command is: in a terminal one line that changes, elsewhere a line each time that `step` is another
 * one, so that a log stays readable.
 */
export function progressOn(output: Output): { show(step: string, state: string): void; end(): void } {
  let shown = '';
  return {
    show(step, state) {
      if (output.isTTY) output.write(`\r${step}  ${state}   `);
      else if (step !== shown) output.write(`${step}  ${state}\n`);
      shown = step;
    },
    end() {
      if (output.isTTY && shown !== '') output.write('\n');
    },
  };
}
