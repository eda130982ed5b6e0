import { asWebStream, type Stream } from './stream.ts';

/** An answer before it becomes a platform's. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer> | null;
  /** Writes the body bit by bit, in place of `body`. */
  stream?: Stream;
}

export const toResponse = (reply: Reply): Response =>
  new Response(reply.stream ? asWebStream(reply.stream) : reply.body, {
    status: reply.status,
    headers: reply.headers,
  });

/** For handlers that answer something else than JSON of their contract: a redirect, a page, a file, a stream. */
export class RawReply {
  readonly reply: Reply;
  constructor(reply: Partial<Reply>) {
    this.reply = { status: 200, headers: {}, body: null, ...reply };
  }
}
