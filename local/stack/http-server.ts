import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '#core/endpoint.ts';
import { headerFields } from '#core/http/incoming.ts';
import { pathPattern } from '#core/http/path.ts';
import type { Reply } from '#core/http/reply.ts';
import { log } from '#core/log.ts';
import { respond as respondToNothing } from '../../functions/_generated/fallback.ts';
import { endpoints } from '../../functions/_generated/modules.ts';
import { writeStream } from './write-stream.ts';

type Respond = Endpoint['respond'];

interface Route {
  match: (pathname: string) => unknown;
  respond: Respond;
}

/** Every endpoint's respond(), found by method and path as the platforms' routers would. */
async function makeRouter(): Promise<(method: string, pathname: string) => Respond | undefined> {
  const fixed = new Map<string, Respond>();
  const patterns = new Map<string, Route[]>();
  for (const { method, path, load } of endpoints) {
    const { respond } = await load();
    if (!path.includes(':')) fixed.set(`${method} ${path}`, respond);
    else patterns.set(method, [...(patterns.get(method) ?? []), { match: pathPattern(path).match, respond }]);
  }
  return (method, pathname) => {
    const path = pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
    return (
      fixed.get(`${method} ${path}`) ??
      patterns.get(method)?.find(({ match }) => match(path) !== undefined)?.respond
    );
  };
}

/** A body as it comes, null where none does. A client that waits to be told so (`Expect`) sends it once somebody reads. */
function bodyOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  isAwaited: boolean,
): AsyncIterable<Buffer> | null {
  const length = incoming.headers['content-length'];
  if (length === '0' || (length === undefined && incoming.headers['transfer-encoding'] === undefined))
    return null;
  return (async function* arriving() {
    if (isAwaited) outgoing.writeContinue();
    yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  })();
}

/** So much of a body that nobody reads is thrown away for the sake of the connection. */
const discardedBytes = 65_536;
/** Closing on a client that still sends loses it the answer: for so long, and so many bytes, it may go on. */
const lingering = { bytes: 16_777_216, ms: 10_000 };

function write(reply: Reply, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const isRead =
    incoming.complete || Number(incoming.headers['content-length'] ?? Infinity) <= discardedBytes;
  if (!isRead) outgoing.shouldKeepAlive = false;
  outgoing.writeHead(reply.status, {
    ...reply.headers,
    'content-length': reply.body === null ? 0 : Buffer.byteLength(reply.body),
  });
  if (isRead) {
    incoming.resume();
    outgoing.end(reply.body ?? undefined);
    return;
  }
  if (reply.body === null) outgoing.flushHeaders();
  else outgoing.write(reply.body);
  linger(incoming, outgoing);
}

/** Ends a request whose answer is written and whose body still comes. */
function linger(incoming: IncomingMessage, outgoing: ServerResponse): void {
  let bytes = 0;
  const end = () => {
    clearTimeout(timer);
    outgoing.end(() => incoming.destroy());
  };
  const timer = setTimeout(end, lingering.ms);
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > lingering.bytes) end();
  });
  incoming.once('end', end);
  incoming.once('close', end);
}

export interface LocalServer {
  server: Server;
  /** Stops listening, ends streams at once, lets what else runs end, and waits for work that went on after an answer. */
  close(): Promise<void>;
}

/** Why a server does not listen, with what to do. */
function notListening(error: NodeJS.ErrnoException, { port, host }: { port: number; host: string }): Error {
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken by another program: stop it, or set PORT to a free one (PORT=8889 npm start).`,
    EACCES: `Port ${port} may only be used by root: set PORT to one above 1023.`,
    EADDRNOTAVAIL: `HOST=${host} is no address of this machine: set HOST to 127.0.0.1, or to 0.0.0.0 for all of them.`,
    ENOTFOUND: `HOST=${host} is no address of this machine: set HOST to 127.0.0.1, or to 0.0.0.0 for all of them.`,
  };
  return new Error(sentences[error.code ?? ''] ?? error.message, { cause: error });
}

/** @throws Error with one sentence where a server could not listen there. */
export async function requireFree(at: { port: number; host: string }): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(notListening(error, at)));
    server.listen(at.port, at.host, () => server.close(() => resolve()));
  });
}

/** The embedded HTTP server: node:http in front of the same endpoints that are deployed. */
export async function startHttpServer(options: { port: number; host: string }): Promise<LocalServer> {
  const find = await makeRouter();
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // every stream listens
  const after = new Set<Promise<unknown>>();
  const waitUntil = (work: Promise<unknown>) => {
    after.add(work);
    void work.finally(() => after.delete(work));
  };

  async function answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    isAwaited: boolean,
  ): Promise<void> {
    const { method = 'GET' } = incoming;
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const body = bodyOf(incoming, outgoing, isAwaited);
    const respond = find(method, url.pathname) ?? respondToNothing;
    const ip = incoming.socket.remoteAddress ?? '';
    const headers = headerFields(incoming.headers);
    const target = incoming.url?.startsWith('/') ? { target: incoming.url } : {};
    const reply = await respond({ method, url, ...target, headers, body }, { ip, waitUntil });
    if (reply.stream) await writeStream(reply, reply.stream, outgoing, closing.signal);
    else write(reply, incoming, outgoing);
  }

  /** Clients open connections ahead of need: Node does not count one that nothing came on yet as idle. */
  const unused = new Set<Socket>();
  const take = (incoming: IncomingMessage, outgoing: ServerResponse, isAwaited: boolean) => {
    unused.delete(incoming.socket);
    answer(incoming, outgoing, isAwaited).catch((error: unknown) => {
      log().warn({ err: error, url: incoming.url?.slice(0, 200) }, 'a request could not be read');
      if (!outgoing.headersSent) outgoing.writeHead(400, { 'content-type': 'application/json' });
      outgoing.end(
        '{"success":false,"error":"The request could not be read.","message":"The request could not be read.","code":"VALIDATION_FAILED"}',
      );
    });
  };
  const server = createServer((incoming, outgoing) => take(incoming, outgoing, false));
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) =>
    take(incoming, outgoing, true),
  );
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.keepAliveTimeout = 65_000;
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(notListening(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  return {
    server,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      closing.abort();
      server.closeIdleConnections();
      for (const socket of unused) socket.destroy();
      const giveUp = setTimeout(() => server.closeAllConnections(), 5_000);
      await closed;
      clearTimeout(giveUp);
      await Promise.allSettled(after);
    },
  };
}
