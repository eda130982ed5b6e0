import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { Refusal } from './refusal.ts';

export interface ResendStandInOptions {
  /** 0, the default, for any that is free. */
  port?: number;
  host?: string;
  /** What clients show as a Bearer token. */
  apiKey: string;
  /** Resend's own is 2 a second for a team; none here, where absent. */
  requestsPerSecond?: number;
  now?: () => number;
}

export interface WireEmail {
  id: string;
  from: string;
  to: string[];
  subject: string;
  html?: string | undefined;
  text?: string | undefined;
  headers: Record<string, string>;
  idempotencyKey: string | undefined;
}

export interface WireRequest {
  headers: IncomingMessage['headers'];
  /** As it was sent. */
  body: string;
}

/** What the next request meets. */
export type Fault =
  | { status: number; name: string; headers?: Record<string, string> }
  /** The mail is taken, and the connection breaks before the answer. */
  | 'lose-answer'
  /** The mail is taken, and there is no answer. */
  | 'hang';

export interface ResendStandIn {
  url: string;
  apiKey: string;
  /** Every mail that was taken, the first one first. */
  emails: readonly WireEmail[];
  /** Every request for a mail, also those that were refused. */
  requests: readonly WireRequest[];
  /** The next requests meet these, one each. */
  fail(...faults: Fault[]): void;
  close(): Promise<void>;
}

const longestBody = 40_000_000;
const address = z.string().regex(/^([^<>\r\n]+ )?<?[^\s<>@]+@[^\s<>@]+>?$/, 'Invalid `to` field');
const requiredFields = ['from', 'to', 'subject'];
const Body = z.looseObject({
  from: address,
  to: z.union([address.transform((to) => [to]), z.array(address).min(1).max(50)]),
  subject: z.string().regex(/^[^\r\n]*$/),
  html: z.string().optional(),
  text: z.string().optional(),
  headers: z.record(z.string(), z.string()).default({}),
});

/**
 * Starts a server that speaks what we use of Resend's wire protocol: sending and reading mails, its key, its User-Agent
 * rule, idempotency keys, rate limit and errors.
 */
export async function startResendStandIn(options: ResendStandInOptions): Promise<ResendStandIn> {
  const { port = 0, host = '127.0.0.1', apiKey, requestsPerSecond, now = Date.now } = options;
  const emails: WireEmail[] = [];
  const requests: WireRequest[] = [];
  const faults: Fault[] = [];
  const byKey = new Map<string, { body: string; id: string }>();
  let window = { second: 0, count: 0 };

  function requireAccess(headers: IncomingMessage['headers']): void {
    if (!headers['user-agent']) throw new Refusal(403, 'forbidden', 'The User-Agent header is required.');
    if (!headers.authorization)
      throw new Refusal(401, 'missing_api_key', 'Missing API key in the authorization header.');
    if (headers.authorization !== `Bearer ${apiKey}`)
      throw new Refusal(403, 'invalid_api_key', 'API key is invalid');
  }

  function requirePace(): void {
    const second = Math.floor(now() / 1000);
    if (window.second !== second) window = { second, count: 0 };
    window.count += 1;
    if (requestsPerSecond === undefined || window.count <= requestsPerSecond) return;
    throw new Refusal(429, 'rate_limit_exceeded', 'Too many requests.', {
      ...{ 'retry-after': '1', 'ratelimit-limit': `${requestsPerSecond}` },
      ...{ 'ratelimit-remaining': '0', 'ratelimit-reset': '1' },
    });
  }

  function take(text: string, headers: IncomingMessage['headers']): { id: string } {
    const key = headers['idempotency-key']?.toString();
    if (key !== undefined && (key === '' || key.length > 256)) {
      throw new Refusal(400, 'invalid_idempotency_key', 'The key must be between 1-256 chars.');
    }
    const known = key === undefined ? undefined : byKey.get(key);
    if (known && known.body !== text) {
      throw new Refusal(409, 'invalid_idempotent_request', 'The key was used with another payload.');
    }
    if (known) return { id: known.id };
    const json = jsonOf(text);
    const missing = requiredFields.find((name) => !Object.hasOwn(Object(json), name));
    if (missing) throw new Refusal(422, 'missing_required_field', `Missing \`${missing}\` field.`);
    const parsed = Body.safeParse(json);
    if (!parsed.success)
      throw new Refusal(422, 'validation_error', parsed.error.issues[0]?.message ?? 'Invalid');
    const { from, to, subject, html, text: plain, headers: fields } = parsed.data;
    if (html === undefined && plain === undefined) {
      throw new Refusal(422, 'validation_error', 'Missing `html` or `text` field.');
    }
    const id = crypto.randomUUID();
    emails.push({ id, from, to, subject, html, text: plain, headers: fields, idempotencyKey: key });
    if (key !== undefined) byKey.set(key, { body: text, id });
    return { id };
  }

  /** @returns the answer, or nothing where the connection breaks or stays silent. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<object | undefined> {
    const text = await bodyOf(request);
    const { pathname } = new URL(request.url ?? '/', 'http://stand-in');
    if (request.method === 'POST' && pathname === '/emails') {
      requests.push({ headers: request.headers, body: text });
      requireAccess(request.headers);
      const fault = faults.shift();
      if (typeof fault === 'object') {
        throw new Refusal(fault.status, fault.name, 'The stand-in was told to fail.', fault.headers);
      }
      requirePace();
      const taken = take(text, request.headers);
      if (fault === 'lose-answer') response.destroy();
      return fault === undefined ? taken : undefined;
    }
    requireAccess(request.headers);
    const [, id] = /^\/emails\/([^/]+)$/.exec(pathname) ?? [];
    const email = request.method === 'GET' ? emails.find((one) => one.id === id) : undefined;
    if (!email) throw new Refusal(404, 'not_found', 'Email not found');
    const { idempotencyKey: _, headers: __, ...shown } = email;
    return { object: 'email', ...shown, last_event: 'delivered' };
  }

  const server = createServer((request, response) => {
    answer(request, response).then(
      (json) => json && reply(response, 200, json),
      (error: unknown) => {
        const refusal =
          error instanceof Refusal ? error : new Refusal(500, 'internal_server_error', String(error));
        const { status: statusCode, name, message } = refusal;
        reply(response, statusCode, { statusCode, name, message }, refusal.headers);
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const used = server.address();
  return {
    url: `http://${host}:${typeof used === 'object' && used ? used.port : port}`,
    apiKey,
    emails,
    requests,
    fail: (...next) => void faults.push(...next),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > longestBody) throw new Refusal(413, 'payload_too_large', 'The mail is too large.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'validation_error', 'The body is not valid JSON.');
  }
}

function reply(response: ServerResponse, status: number, json: object, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(json));
}
