import { connect, type Socket } from 'node:net';

/** An answer as far as a load generator looks at it. The body is a view of the receive buffer: copy it to keep it. */
export interface Answered {
  status: number;
  body: Buffer;
}

type Take = (answered: Answered) => void;

const headEnd = Buffer.from('\r\n\r\n');
const lengthHeader = /\r\ncontent-length: (\d+)/i;

/**
 * One keep-alive HTTP/1.1 connection that sends bytes made beforehand and reads no more of an answer than it must: a
 * load generator shares its cores with what it measures.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #take: Take | undefined;
  #onLost: (error: Error) => void;

  private constructor(socket: Socket, onLost: (error: Error) => void) {
    this.#socket = socket;
    this.#onLost = onLost;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#onLost(error));
    socket.on('close', () => this.#onLost(new Error('The server closed the connection.')));
  }

  static open(port: number, onLost: (error: Error) => void): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(new HttpConnection(socket, onLost));
      });
    });
  }

  get isFree(): boolean {
    return this.#take === undefined;
  }

  /** Only when the answer before it was taken. */
  send(request: Uint8Array, take: Take): void {
    this.#take = take;
    this.#socket.write(request);
  }

  close(): void {
    this.#onLost = () => {};
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const received = this.#received;
    const end = received.indexOf(headEnd);
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const bodyAt = end + headEnd.length;
    const length = Number(lengthHeader.exec(head)?.[1] ?? 0);
    if (received.length < bodyAt + length) return;
    this.#received = received.subarray(bodyAt + length);
    const take = this.#take;
    this.#take = undefined;
    take?.({ status: Number(head.slice(9, 12)), body: received.subarray(bodyAt, bodyAt + length) });
  }
}

/** The bytes of a request. */
export function requestBytes(
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  headers: Record<string, string>,
  body = '',
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method !== 'GET' ? `content-length: ${Buffer.byteLength(body)}\r\n` : '';
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${lines.join('')}${length}\r\n${body}`,
  );
}
