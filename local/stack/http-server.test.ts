import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalServer, startHttpServer } from './http-server.ts';

let server: LocalServer;
let port: number;
beforeAll(async () => {
  server = await startHttpServer({ port: 0, host: '127.0.0.1' });
  port = (server.server.address() as AddressInfo).port;
});
afterAll(() => server.close());

interface Talk {
  socket: Socket;
  /** What the server has said so far. */
  said(): string;
  /** Waits until the server says so. */
  hears(words: string): Promise<void>;
  isClosed: Promise<unknown>;
}

const happens = (socket: Socket, event: string) =>
  new Promise<void>((resolve) => socket.once(event, () => resolve()));

async function talk(): Promise<Talk> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {}); // the server may close while we still write
  return {
    socket,
    said: () => text,
    async hears(words) {
      while (!text.includes(words)) await once(socket, 'data');
    },
    isClosed: happens(socket, 'close'),
  };
}

const head = (fields: string, path = '/api/auth/login') =>
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n${fields}\r\n\r\n`;
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${' '.repeat(bytes)}\r\n`;

describe('a body', () => {
  test('that announces too much is answered before it comes, and the connection closed', async () => {
    const { socket, hears, said, isClosed } = await talk();
    socket.write(head('content-length: 100000000'));
    await hears('PAYLOAD_TOO_LARGE');
    expect(said()).toMatch(/^HTTP\/1\.1 413 /);
    expect(said()).toMatch(/\r\nconnection: close\r\n/i);
    await isClosed;
  });

  test('in chunks is answered with the first one too many, and not drained for ever', async () => {
    const { socket, hears, said, isClosed } = await talk();
    socket.write(head('transfer-encoding: chunked'));
    for (let sent = 0; sent < 65_536; sent += 8_192) socket.write(chunk(8_192));
    expect(said()).toBe('');
    socket.write(chunk(1));
    await hears('PAYLOAD_TOO_LARGE');
    let isOver = false;
    void isClosed.then(() => {
      isOver = true;
    });
    while (!isOver) {
      if (!socket.write(chunk(65_536)) && !isOver) await Promise.race([happens(socket, 'drain'), isClosed]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket.bytesWritten).toBeLessThan(64 * 2 ** 20); // what the server took, and what lies in between
  });

  test('that nobody has asked for is not asked for', async () => {
    const { socket, hears, said } = await talk();
    socket.write(head('content-length: 20\r\nexpect: 100-continue', '/api/auth/logout'));
    await hears('UNAUTHENTICATED');
    expect(said()).not.toContain('100 Continue');
    socket.destroy();
    const other = await talk();
    other.socket.write(head('content-length: 2\r\nexpect: 100-continue'));
    await other.hears('100 Continue');
    other.socket.write('{}');
    await other.hears('VALIDATION_FAILED');
    other.socket.destroy();
  });

  test('that is refused unread leaves its connection to the next request, where it is small', async () => {
    const { socket, hears, said } = await talk();
    socket.write(`${head('content-length: 1000', '/api/auth/logout')}${' '.repeat(1_000)}`);
    await hears('UNAUTHENTICATED');
    socket.write('GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await hears('HTTP/1.1 200');
    expect(said()).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });
});
