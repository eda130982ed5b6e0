/** What the platform that writes an answer allows it. */
export interface StreamTerms {
  /** Nobody reads any more, or the server stops: what goes on must end. */
  signal: AbortSignal;
  /** After how long it must end by itself. */
  maxMs: number;
  /** The caller gets nothing before all of it is there. */
  isBuffered: boolean;
}

/** Writes an answer bit by bit; the next one is asked for when there is room for it. */
export type Stream = (terms: StreamTerms) => AsyncIterable<string>;

/** Ten seconds is the shortest time that Netlify gives a function to answer; API Gateway waits for thirty. */
const standardTerms = { netlifyMs: 9_000, lambdaMs: 20_000 };
let terms = standardTerms;

/** For tests that call every endpoint and have no time for streams. */
export function setStreamTerms(maxMs: number): void {
  terms = { netlifyMs: maxMs, lambdaMs: maxMs };
}

/** As the web's Response takes it, and Netlify writes it. */
export function asWebStream(stream: Stream): ReadableStream<Uint8Array> {
  const end = new AbortController();
  const written = stream({ signal: end.signal, maxMs: terms.netlifyMs, isBuffered: false });
  const iterator = written[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(encoder.encode(next.value));
      },
      async cancel() {
        end.abort();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 }, // nothing is made that nobody asked for
  );
}

/** All of it at once, for Lambda: its writer has kept it short. */
export async function wholeOf(stream: Stream): Promise<string> {
  const { signal } = new AbortController();
  let text = '';
  for await (const part of stream({ signal, maxMs: terms.lambdaMs, isBuffered: true })) text += part;
  return text;
}
