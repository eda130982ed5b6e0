import { connect } from 'node:net';

export interface RawAnswer {
  /** 0: the connection was closed without an answer. */
  status: number;
  body: string;
}

/** Sends bytes as they are, well-formed or not, and reads until the server has answered or closed. */
export function sendRaw(port: number, bytes: Uint8Array | string, withinMs = 20_000): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
    });
    let received = Buffer.alloc(0);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`No answer within ${withinMs} ms: ${String(bytes).slice(0, 120)}`));
    }, withinMs);
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      const text = received.toString('utf8');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ status, body: text.slice(text.indexOf('\r\n\r\n') + 4) });
    };
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(
        /content-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1] ?? Number.NaN,
      );
      const isChunked = /transfer-encoding: chunked/i.test(received.toString('latin1', 0, end));
      if (isChunked ? received.includes('\r\n0\r\n\r\n') : received.length >= end + 4 + length) finish();
    });
    socket.on('error', finish); // a server that refuses a body may close while we still write
    socket.on('close', finish);
  });
}

export function rawRequest(
  method: string,
  target: string,
  options: { headers?: Record<string, string>; body?: Uint8Array | string } = {},
): Buffer {
  const body = Buffer.from(options.body ?? '');
  const headers = { host: '127.0.0.1', 'content-length': String(body.length), ...options.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    body,
  ]);
}
