import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { DatabaseAddress } from './database-address.ts';

/** The connection could not be made. */
export class ConnectError extends Error {
  /** As Node and postgres.js name it: ECONNREFUSED, CONNECT_TIMEOUT, CONNECTION_CLOSED, TLS_REFUSED … */
  readonly code: string;
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const connectTimeoutMs = 5_000;
/** Postgres's SSLRequest: its length, and its code. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** The next event of a socket that is being opened. */
const awaited = <T>(socket: Socket, event: string): Promise<T> =>
  new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      socket.off(event, done).off('error', failed).off('close', closed);
      settle();
    };
    const done = (value: T) => end(() => resolve(value));
    const failed = (error: Error) => end(() => reject(error));
    const closed = () =>
      end(() => reject(new ConnectError('The database closed the connection.', 'CONNECTION_CLOSED')));
    socket.once(event, done).once('error', failed).once('close', closed);
  });

/**
 * Opens a connection to Postgres, by TLS where the address says so: nothing that Postgres would read, and no name or
 * password, is sent before the certificate was seen.
 * @throws ConnectError within five seconds.
 */
async function open({ host, port, tls }: DatabaseAddress): Promise<Socket> {
  const plain = host.startsWith('/')
    ? connectTcp(`${host}/.s.PGSQL.${port}`)
    : connectTcp({ host, port, autoSelectFamily: true });
  let socket = plain;
  const timer = setTimeout(() => {
    socket.destroy(new ConnectError('The database did not answer in time.', 'CONNECT_TIMEOUT'));
  }, connectTimeoutMs);
  try {
    await awaited(plain, 'connect');
    if (!tls) return plain;
    plain.write(sslRequest);
    const answer = await awaited<Buffer>(plain, 'data');
    // Exactly one byte: more would be from somebody in between, who could not know what is said by TLS.
    if (answer.length !== 1 || answer[0] !== 0x53)
      throw new ConnectError(
        'The database does not speak TLS; write sslmode=disable to connect in the clear.',
        'TLS_REFUSED',
      );
    socket = connectTls({ ...tls, socket: plain });
    await awaited(socket, 'secureConnect');
    return socket;
  } catch (cause) {
    plain.destroy();
    socket.on('error', () => {}).destroy();
    if (cause instanceof ConnectError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectError(message, codeOf(cause), { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** For postgres.js, which waits for ever for a socket function that throws: a socket that fails at once. */
function failing(error: unknown): Duplex {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  setImmediate(() => socket.destroy(error as Error));
  return socket;
}

const shortestPauseMs = 50;
const longestPauseMs = 500;
/** Who would have to wait for longer is told at once. */
const longestWaitMs = 1_000;

/**
 * Spaces the connection attempts of this process while they fail: two a second at most, however many requests want one.
 * The first that succeeds lets all others through.
 */
export class Gate {
  #failures = 0;
  #nextAt = 0;

  async pass(): Promise<void> {
    if (this.#failures === 0) return;
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    if (at - now > longestWaitMs)
      throw new ConnectError('The database was not there a moment ago.', 'ECONNREFUSED');
    this.#nextAt = at + Math.min(shortestPauseMs * 2 ** this.#failures, longestPauseMs);
    while (this.#failures > 0 && performance.now() < at)
      await sleep(Math.min(25, Math.max(1, at - performance.now())));
  }

  succeeded(): void {
    this.#failures = 0;
    this.#nextAt = 0;
  }

  failed(): void {
    this.#failures += 1;
    const pauseMs = Math.min(shortestPauseMs * 2 ** this.#failures, longestPauseMs);
    this.#nextAt = Math.max(this.#nextAt, performance.now() + pauseMs);
  }
}

/**
 * What postgres.js opens its one connection with. It is opened once: where a server closes it before it answers,
 * postgres.js would open the next one without a pause, for ever.
 */
export function socketOf(address: DatabaseAddress, gate = new Gate()): () => Promise<Duplex> {
  let isUsed = false;
  return async () => {
    if (isUsed) {
      gate.failed();
      return failing(
        new ConnectError('The database closed the connection before it answered.', 'CONNECTION_CLOSED'),
      );
    }
    isUsed = true;
    try {
      await gate.pass();
      return await open(address);
    } catch (error) {
      gate.failed();
      return failing(error);
    }
  };
}
