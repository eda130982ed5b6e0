import { Refusal } from './refusal.ts';

export interface RequestLimit {
  requests: number;
  perMs: number;
}

/** The ways in which the stand-in can be made to misbehave. They concern the API, never its own controls. */
export class Faults {
  /** Calls whose get-call always answers 500. */
  readonly brokenCalls = new Set<string>();
  requestLimit: RequestLimit | undefined;
  #failures: number[] = [];
  #window = { startMs: Number.NEGATIVE_INFINITY, requests: 0 };

  constructor(requestLimit: RequestLimit | undefined) {
    this.requestLimit = requestLimit;
  }

  /** The next so many requests are answered with this status, and have no effect. */
  failNext(count: number, status: number): void {
    this.#failures.push(...Array<number>(count).fill(status));
  }

  /** @throws {Refusal} when this request is one that fails. */
  check(nowMs: number): void {
    const status = this.#failures.shift();
    if (status !== undefined) throw new Refusal(status, 'The stand-in was told to fail.');
    if (!this.requestLimit) return;
    const { requests, perMs } = this.requestLimit;
    if (nowMs - this.#window.startMs >= perMs) this.#window = { startMs: nowMs, requests: 0 };
    this.#window.requests += 1;
    if (this.#window.requests <= requests) return;
    const waitMs = this.#window.startMs + perMs - nowMs;
    throw new Refusal(429, 'Rate limit exceeded', { 'retry-after': String(Math.ceil(waitMs / 1000)) });
  }
}
