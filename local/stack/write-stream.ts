import type { ServerResponse } from 'node:http';
import type { Reply } from '#core/http/reply.ts';
import type { Stream } from '#core/http/stream.ts';
import { log } from '#core/log.ts';

/** A client that reads nothing for longer has gone, even where its socket is open. */
export const longestStallMs = 60_000;

/** Resolves when there is room again, or the end has come; false where the reader stalls. */
function roomIn(outgoing: ServerResponse, ended: AbortSignal, stallMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (hasRoom: boolean) => {
      clearTimeout(timer);
      outgoing.off('drain', drained);
      ended.removeEventListener('abort', drained);
      resolve(hasRoom);
    };
    const drained = () => done(true);
    const timer = setTimeout(() => done(false), stallMs);
    outgoing.once('drain', drained);
    ended.addEventListener('abort', drained);
    if (ended.aborted) drained();
  });
}

/**
 * Writes an answer as it comes, and never more than the caller takes. It ends when the caller goes away or takes nothing
 * any more, and at once when the server closes.
 */
export async function writeStream(
  reply: Reply,
  stream: Stream,
  outgoing: ServerResponse,
  closing: AbortSignal,
  stallMs = longestStallMs,
): Promise<void> {
  const gone = new AbortController();
  const end = () => gone.abort();
  outgoing.once('close', end);
  closing.addEventListener('abort', end);
  if (closing.aborted || outgoing.destroyed) end();
  let isSound = true;
  try {
    outgoing.shouldKeepAlive = false; // so that the connection ends with it
    outgoing.writeHead(reply.status, reply.headers);
    outgoing.flushHeaders();
    for await (const text of stream({
      signal: gone.signal,
      maxMs: Number.POSITIVE_INFINITY,
      isBuffered: false,
    })) {
      if (gone.signal.aborted) break;
      if (!outgoing.write(text)) isSound = await roomIn(outgoing, gone.signal, stallMs);
      if (!isSound) break;
    }
  } catch (error) {
    isSound = false; // the status is out: all that can be said is that it broke off
    log().error({ err: error }, 'a stream broke off');
  } finally {
    closing.removeEventListener('abort', end);
  }
  // Where it was broken off, what was not taken so far is not waited for.
  if (!isSound || (gone.signal.aborted && outgoing.writableLength > 0)) outgoing.destroy();
  else outgoing.end();
}
