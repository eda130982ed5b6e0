/** An answer before it becomes a platform's: what serve() turns into a Response, and the local server writes as it is. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer> | null;
}

const plain = new WeakMap<Response, Reply>();

/** Makes the Response and remembers the plain answer, so that a server in the same process need not read a stream. */
export function toResponse(reply: Reply): Response {
  const response = new Response(reply.body, { status: reply.status, headers: reply.headers });
  plain.set(response, reply);
  return response;
}

export const plainReplyOf = (response: Response): Reply | undefined => plain.get(response);

/** For handlers that answer something else than JSON of their contract: a redirect, a page, a file. */
export class RawReply {
  readonly reply: Reply;
  constructor(reply: Partial<Reply>) {
    this.reply = { status: 200, headers: {}, body: null, ...reply };
  }
}
