import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { headerFields } from '#core/http/incoming.ts';
import type { Reply } from '#core/http/reply.ts';
import { log } from '#core/log.ts';
import { pathPattern } from '#core/path.ts';
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

/** The body's bytes; a little more than is allowed of one that is too large, so that the endpoint refuses it itself. */
function bodyOf(incoming: IncomingMessage, limit: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = () => resolve(chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? null));
    incoming.on('data', (chunk: Buffer) => {
      if (size > limit) return; // the rest is thrown away: closing on a caller that still sends would lose it the answer
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit) done();
    });
    incoming.on('end', done);
    incoming.on('error', reject);
  });
}

function write(reply: Reply, outgoing: ServerResponse): void {
  outgoing.writeHead(reply.status, {
    ...reply.headers,
    'content-length': reply.body === null ? 0 : Buffer.byteLength(reply.body),
  });
  outgoing.end(reply.body ?? undefined);
}

export interface LocalServer {
  server: Server;
  /** Stops listening, ends streams at once, lets what else runs end, and waits for work that went on after an answer. */
  close(): Promise<void>;
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

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET' } = incoming;
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const body = await bodyOf(incoming, env().MAX_BODY_BYTES);
    const respond = find(method, url.pathname) ?? respondToNothing;
    const ip = incoming.socket.remoteAddress ?? '';
    const headers = headerFields(incoming.headers);
    const reply = await respond({ method, url, headers, body }, { ip, waitUntil });
    if (reply.stream) await writeStream(reply, reply.stream, outgoing, closing.signal);
    else write(reply, outgoing);
  }

  /** Clients open connections ahead of need: Node does not count one that nothing came on yet as idle. */
  const unused = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    unused.delete(incoming.socket);
    answer(incoming, outgoing).catch((error: unknown) => {
      log().warn({ err: error, url: incoming.url?.slice(0, 200) }, 'a request could not be read');
      if (!outgoing.headersSent) outgoing.writeHead(400, { 'content-type': 'application/json' });
      outgoing.end(
        '{"success":false,"error":"The request could not be read.","message":"The request could not be read.","code":"VALIDATION_FAILED"}',
      );
    });
  });
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.keepAliveTimeout = 65_000;
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const sentence =
        error.code === 'EADDRINUSE'
          ? `Port ${options.port} is taken by another program: stop it, or set PORT to a free one (PORT=8889 npm start).`
          : error.code === 'EACCES'
            ? `Port ${options.port} may only be used by root: set PORT to one above 1023.`
            : error.message;
      reject(new Error(sentence, { cause: error }));
    });
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
