import { setTimeout as sleepFor } from 'node:timers/promises';
import type * as z from 'zod';

/** A provider said no, or nothing, or something that is not what its documentation promises. */
export class ProviderError extends Error {
  readonly provider: string;
  /** The provider's HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The start of the provider's answer, for the log: never for the caller. */
  readonly answer: string;
  /** How long the provider asks us to wait, where it does. */
  readonly waitMs: number | undefined;

  constructor(
    provider: string,
    status: number,
    answer: string,
    options?: ErrorOptions & { waitMs?: number | undefined },
  ) {
    super(`${provider} answered ${status === 0 ? 'nothing' : status}: ${answer.slice(0, 300)}`, options);
    this.name = 'ProviderError';
    this.provider = provider;
    this.status = status;
    this.answer = answer;
    this.waitMs = options?.waitMs;
  }
}

export interface HttpClientOptions {
  /** For error messages: 'retell'. */
  provider: string;
  baseUrl: string;
  headers: Record<string, string>;
  /** For each attempt. */
  timeoutMs?: number;
  /** Of one answer; what is longer counts as no answer. */
  maxAnswerBytes?: number;
  /** With the first one. Only what is safe to repeat is repeated: see `RequestOptions.repeatable`. */
  maxAttempts?: number;
  /** Stands in for the clock in tests. */
  sleep?: (ms: number) => Promise<void>;
}

export interface RequestOptions<T> {
  query?: Record<string, string | number | boolean | undefined>;
  json?: unknown;
  form?: Record<string, string>;
  headers?: Record<string, string>;
  /** What the answer must look like. Absent: the answer is not read. */
  answer?: z.ZodType<T>;
  /** Whether a failed request may be sent again. Defaults to true for GET, PUT, PATCH and DELETE. A 429 is always repeated. */
  repeatable?: boolean;
}

export interface HttpClient {
  request<T = undefined>(method: string, path: string, options?: RequestOptions<T>): Promise<T>;
}

const retryable = new Set([408, 425, 429, 500, 502, 503, 504]);
const longestWaitMs = 30_000;

/** How long the provider asks us to wait, in milliseconds, from Retry-After(-Ms) or a rate-limit reset. */
export function askedWaitMs(headers: Headers, nowMs: number): number | undefined {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms)) return Math.max(0, ms);
  const after = headers.get('retry-after');
  if (after === null) return undefined;
  const seconds = Number(after);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(after);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/**
 * A JSON-over-HTTP client for a provider's API: a timeout for each attempt, repeats with exponential backoff and
 * jitter that honour Retry-After, and answers checked by zod.
 * @throws {ProviderError} when the last attempt failed, or the answer is not of the promised shape.
 */
export function httpClient(options: HttpClientOptions): HttpClient {
  const { provider, timeoutMs = 15_000, maxAttempts = 4, maxAnswerBytes = 32 * 1024 * 1024 } = options;
  const sleep = options.sleep ?? ((ms: number) => sleepFor(ms));

  async function attempt(method: string, url: URL, request: RequestOptions<unknown>): Promise<Response> {
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...options.headers,
      ...request.headers,
    };
    const init: RequestInit = { method, headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) };
    if (request.json !== undefined) {
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(request.json);
    } else if (request.form) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      init.body = new URLSearchParams(request.form).toString();
    }
    return await fetch(url, init);
  }

  async function request<T>(method: string, path: string, request: RequestOptions<T> = {}): Promise<T> {
    const url = new URL(options.baseUrl.replace(/\/$/, '') + path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const repeatable = request.repeatable ?? method !== 'POST';
    for (let tried = 1; ; tried++) {
      let failure: ProviderError;
      let wait = Math.min(500 * 2 ** (tried - 1), 8_000) * (0.75 + Math.random() / 2);
      let mayRepeat = repeatable;
      try {
        const response = await attempt(method, url, request);
        const text = await textOf(response, maxAnswerBytes);
        if (response.ok) return parseAnswer(provider, response.status, text, request.answer);
        const waitMs = askedWaitMs(response.headers, Date.now());
        failure = new ProviderError(provider, response.status, text, { waitMs });
        wait = waitMs ?? wait;
        mayRepeat =
          retryable.has(response.status) &&
          (repeatable || response.status === 429) &&
          response.headers.get('x-should-retry') !== 'false';
      } catch (cause) {
        if (cause instanceof ProviderError) throw cause;
        failure = new ProviderError(provider, 0, reasonOf(cause), { cause });
      }
      if (!mayRepeat || tried >= maxAttempts || wait > longestWaitMs) throw failure;
      await sleep(wait);
    }
  }

  return { request };
}

/** @throws where the answer is longer than it may be: the rest of it is not read. */
async function textOf(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}

function parseAnswer<T>(provider: string, status: number, text: string, answer: z.ZodType<T> | undefined): T {
  if (!answer) return undefined as T; // no schema was given, so T is its default, undefined
  let json: unknown;
  try {
    json = text === '' ? undefined : JSON.parse(text);
  } catch (cause) {
    throw new ProviderError(provider, status, `not JSON: ${text.slice(0, 200)}`, { cause });
  }
  const parsed = answer.safeParse(json);
  if (!parsed.success) throw new ProviderError(provider, status, `unexpected shape: ${parsed.error.message}`);
  return parsed.data;
}
