import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Stream } from '#core/http/stream.ts';
import { eventually } from '#core/testing/eventually.ts';
import { writeStream } from './write-stream.ts';

let server: Server;
let client: Socket | undefined;
let closing = new AbortController();
afterEach(async () => {
  client?.destroy();
  await new Promise((resolve) => server.close(resolve));
  closing = new AbortController();
});

/** Serves the stream to one client, who reads as the test says. */
async function serve(stream: Stream, stallMs?: number): Promise<{ client: Socket; done: Promise<void> }> {
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  server = createServer((_, outgoing) => {
    const reply = { status: 200, headers: { 'content-type': 'text/plain' }, body: null, stream };
    void writeStream(reply, stream, outgoing, closing.signal, stallMs).then(finish);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on one
  client = connect(port, '127.0.0.1');
  client.on('error', () => {}); // it may be cut off
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  return { client, done };
}

const textOf = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
};
const chunk = 'x'.repeat(64 * 1024);

describe('an answer that is written as it comes', () => {
  test('arrives whole, in chunks, and ends with its connection', async () => {
    const { client, done } = await serve(async function* () {
      yield 'one';
      yield 'two';
    });
    const text = await textOf(client);
    await done;
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain\r\n/);
    expect(text).toContain('Connection: close\r\nTransfer-Encoding: chunked\r\n');
    expect(text).toMatch(/\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/);
  });

  test('is made no faster than it is read, and whoever takes nothing any more is let go', async () => {
    let made = 0;
    let isOver = false;
    const { client, done } = await serve(async function* () {
      try {
        for (;;) {
          made++;
          yield chunk;
        }
      } finally {
        isOver = true;
      }
    }, 300);
    client.pause();
    await done;
    expect(isOver).toBe(true);
    // What the sockets of both sides hold: some megabytes; a second of writing into memory would be thousands.
    expect(made).toBeLessThan(200);
  });

  test('goes on when a slow reader reads on', async () => {
    const { client, done } = await serve(async function* () {
      for (let i = 0; i < 300; i++) yield chunk;
    });
    client.pause();
    const whole = textOf(client);
    client.resume();
    expect((await whole).length).toBeGreaterThan(300 * chunk.length);
    await done;
  });

  test('ends when the reader goes away, also in the middle of waiting', async () => {
    let ended: AbortSignal | undefined;
    const { client, done } = await serve(async function* ({ signal }) {
      ended = signal;
      yield 'begun';
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await new Promise((resolve) => client.once('data', resolve));
    client.destroy();
    await done;
    expect(ended?.aborted).toBe(true);
  });

  test('ends at once when the server closes, even for a reader who takes nothing', async () => {
    let made = 0;
    const { client, done } = await serve(async function* () {
      for (;;) {
        made++;
        yield chunk;
      }
    });
    client.pause();
    let before = -1;
    await eventually(() => {
      const isStill = made === before;
      before = made;
      expect(isStill).toBe(true);
    });
    closing.abort();
    await done; // a reader who takes nothing would never let it end
  });

  test('breaks off, rather than seem whole, when its maker fails', async () => {
    const { client, done } = await serve(async function* () {
      yield 'one';
      throw new Error('it failed');
    });
    const text = await textOf(client);
    await done;
    expect(text).not.toContain('0\r\n\r\n');
  });
});
