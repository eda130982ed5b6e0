import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { HttpHandlerOptions } from '@smithy/types';

type Handle = typeof NodeHttpHandler.prototype.handle;
type Request = Parameters<Handle>[0];
type Answer = Awaited<ReturnType<Handle>>;

/** A body that is sent more slowly than this, 1 MB/s, is given up. */
const minBytesPerMs = 1_000;

const sizeOf = (body: unknown): number =>
  typeof body === 'string' ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.byteLength : 0;

/**
 * The SDK's own client of HTTP, with a limit for each attempt: `timeoutMs` until an answer begins, longer by what a body
 * takes to be sent, and the same again until the answer has ended. Without the second limit a server that stops in the
 * middle of an answer holds a call for ever.
 */
export class TimedHandler extends NodeHttpHandler {
  readonly #timeoutMs: number;
  readonly #isStreamed: (request: Request, status: number) => boolean;

  /** @param isStreamed The answers that their reader takes as slowly as he likes, and limits himself. */
  constructor(timeoutMs: number, isStreamed: (request: Request, status: number) => boolean = () => false) {
    super({ connectionTimeout: timeoutMs, throwOnRequestTimeout: true });
    this.#timeoutMs = timeoutMs;
    this.#isStreamed = isStreamed;
  }

  override async handle(request: Request, options: HttpHandlerOptions = {}): Promise<Answer> {
    const requestTimeout = this.#timeoutMs + sizeOf(request.body) / minBytesPerMs;
    const answer = await super.handle(request, { ...options, requestTimeout });
    const { statusCode, body } = answer.response;
    if (this.#isStreamed(request, statusCode)) return answer;
    const timer = setTimeout(() => {
      body.destroy(Object.assign(new Error('The answer stopped in the middle.'), { name: 'TimeoutError' }));
    }, this.#timeoutMs);
    body.once('close', () => clearTimeout(timer));
    return answer;
  }
}
