/** Receivers of webhooks, good ones and bad ones, each on an address of this machine of its own. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { serveParent } from './serve-parent.ts';

/** Of one request that came in whole. */
export interface Heard {
  receiver: string;
  id: string;
  body: string;
  atMs: number;
}

const heard: Heard[] = [];
let redirectsFollowed = 0;

const open: Server[] = [];
const listen = (server: Server, host: string) =>
  new Promise<number>((resolve, reject) => {
    open.push(server);
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });

async function http(host: string, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  return `http://${host}:${await listen(server, host)}/hook`;
}

async function tcp(host: string, onConnection: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  return `http://${host}:${await listen(server, host)}/hook`;
}

/** One that takes what it is sent, after so long. */
const good = (host: string, afterMs = 0) =>
  http(host, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const header = (name: string) => String(request.headers[name] ?? '');
      heard.push({
        receiver: host,
        id: header('webhook-id'),
        body,
        atMs: Date.now(),
      });
      if (afterMs > 0) setTimeout(() => response.end(), afterMs);
      else response.end();
    });
  });

const answering = (status: number, headers: Record<string, string> = {}) =>
  ((request, response) => {
    request.resume().on('end', () => response.writeHead(status, headers).end('no'));
  }) satisfies RequestListener;

const chunk = Buffer.alloc(65_536, 'x');
function pour(response: ServerResponse, bytes: number): void {
  let left = bytes;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

/** Every kind of receiver that somebody will have. */
const bad: Record<string, (host: string) => Promise<string>> = {
  '500': (host) => http(host, answering(500)),
  '502': (host) => http(host, answering(502)),
  '503 with Retry-After': (host) => http(host, answering(503, { 'retry-after': '7' })),
  '429': (host) => http(host, answering(429)),
  '404': (host) => http(host, answering(404)),
  '410': (host) => http(host, answering(410)),
  async redirect(host) {
    const private_ = await http('127.0.0.1', (_request, response) => {
      redirectsFollowed++;
      response.end();
    });
    return await http(host, answering(307, { location: private_ }));
  },
  hang: (host) => tcp(host, () => {}),
  'one byte a second': (host) =>
    tcp(host, (socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
        const timer = setInterval(() => socket.write('x'), 1000);
        socket.on('close', () => clearInterval(timer));
      }),
    ),
  reset: (host) => tcp(host, (socket) => socket.once('data', () => socket.resetAndDestroy())),
  'bad TLS': async (host) => (await http(host, answering(200))).replace('http:', 'https:'),
  'no such name': async () => 'http://no-such-name.invalid/hook',
  async refused(host) {
    const server = createTcpServer();
    const port = await listen(server, host);
    await new Promise((resolve) => server.close(resolve));
    return `http://${host}:${port}/hook`;
  },
  '100 MB answer': (host) =>
    http(host, (request, response) => void request.resume().on('end', () => pour(response, 100_000_000))),
  'gzip bomb': (host) => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    return http(host, (request, response) => {
      request
        .resume()
        .on('end', () =>
          response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length }).end(bomb),
        );
    });
  },
};

serveParent(Object.keys(bad), {
  good: (given) => {
    const { host, afterMs } = given as { host: string; afterMs?: number };
    return good(host, afterMs);
  },
  bad: (given) => {
    const { kind, host } = given as { kind: string; host: string };
    return bad[kind]?.(host);
  },
  heard: () => heard,
  count: () => heard.length,
  forget: () => void heard.splice(0),
  redirectsFollowed: () => redirectsFollowed,
});
