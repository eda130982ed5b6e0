import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Platform } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { makeFallback } from '#core/http/fallback.ts';
import { plainReplyOf } from '#core/http/reply.ts';
import { log } from '#core/log.ts';
import { pathPattern } from '#core/path.ts';
import { endpoints } from '../../functions/_generated/modules.ts';

type Serve = (request: Request, platform: Platform) => Promise<Response>;

interface Route {
  match: (pathname: string) => unknown;
  serve: Serve;
}

/** Every endpoint's serve(), found by method and path as the platforms' routers would. */
async function makeRouter(): Promise<(method: string, pathname: string) => Serve | undefined> {
  const fixed = new Map<string, Serve>();
  const patterns = new Map<string, Route[]>();
  for (const { method, path, load } of endpoints) {
    const { serve } = await load();
    if (!path.includes(':')) fixed.set(`${method} ${path}`, serve);
    else patterns.set(method, [...(patterns.get(method) ?? []), { match: pathPattern(path).match, serve }]);
  }
  return (method, pathname) => {
    const path = pathname.length > 1 && pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
    return (
      fixed.get(`${method} ${path}`) ??
      patterns.get(method)?.find(({ match }) => match(path) !== undefined)?.serve
    );
  };
}

/** The body's bytes; a little more than is allowed of one that is too large, so that the endpoint refuses it itself. */
async function bodyOf(incoming: IncomingMessage, limit: number): Promise<Buffer<ArrayBuffer> | null> {
  if (incoming.method === 'GET' || incoming.method === 'HEAD') return null;
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop of the stream itself would close the connection under the answer.
  const parts: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false });
  for await (const chunk of parts) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) break;
  }
  return size === 0 ? null : Buffer.concat(chunks);
}

function requestOf(incoming: IncomingMessage, body: Buffer<ArrayBuffer> | null): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  return new Request(url, { method: incoming.method ?? 'GET', headers, body });
}

async function write(response: Response, outgoing: ServerResponse): Promise<void> {
  const plain = plainReplyOf(response);
  if (plain) {
    outgoing.writeHead(plain.status, {
      ...plain.headers,
      'content-length': Buffer.byteLength(plain.body ?? ''),
    });
    outgoing.end(plain.body ?? undefined);
    return;
  }
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

export interface LocalServer {
  server: Server;
  /** Stops listening, lets what runs end, and waits for work that went on after an answer. */
  close(): Promise<void>;
}

/** The embedded HTTP server: node:http in front of the same serve() functions that are deployed. */
export async function startHttpServer(options: { port: number; host: string }): Promise<LocalServer> {
  const find = await makeRouter();
  const fallback = makeFallback(endpoints.map(({ method, path }) => ({ method, path })));
  const after = new Set<Promise<unknown>>();
  const waitUntil = (work: Promise<unknown>) => {
    after.add(work);
    void work.finally(() => after.delete(work));
  };

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const ip = incoming.socket.remoteAddress ?? '';
    const request = requestOf(incoming, await bodyOf(incoming, env().MAX_BODY_BYTES));
    const serve = find(request.method, new URL(request.url).pathname);
    const response = serve ? await serve(request, { ip, waitUntil }) : await fallback(request);
    await write(response, outgoing);
    // What is left of a refused body is thrown away: closing on a caller that still sends would lose it the answer.
    incoming.resume();
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      log().warn({ err: error, url: incoming.url?.slice(0, 200) }, 'a request could not be read');
      if (!outgoing.headersSent) outgoing.writeHead(400, { 'content-type': 'application/json' });
      outgoing.end(
        '{"success":false,"error":"The request could not be read.","message":"The request could not be read.","code":"VALIDATION_FAILED"}',
      );
    });
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
      server.closeIdleConnections();
      const giveUp = setTimeout(() => server.closeAllConnections(), 5_000);
      await closed;
      clearTimeout(giveUp);
      await Promise.allSettled(after);
    },
  };
}
