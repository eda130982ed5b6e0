type Answerer = (given: unknown) => unknown;

/**
 * The child's side of startChild(): answers the parent's questions until the parent lets go, then cleans up and ends.
 * @param ready Told to the parent at once.
 */
export function serveParent(
  ready: unknown,
  answerers: Record<string, Answerer>,
  cleanUp: () => Promise<unknown> = async () => {},
): void {
  process.on('message', async (message: { id: number; question: string; given: unknown }) => {
    try {
      const value = await answerers[message.question]?.(message.given);
      process.send?.({ to: message.id, value });
    } catch (error) {
      process.send?.({
        to: message.id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  });
  process.on('disconnect', async () => {
    await cleanUp().catch((error: unknown) => console.error(error));
    process.exit(0);
  });
  // The parent decides when to end: an interrupt at the keyboard reaches every process of the terminal.
  process.on('SIGINT', () => {});
  process.send?.({ ready });
}
