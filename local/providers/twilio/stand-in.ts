import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { Fault, Faults, refusalOf } from './faults.ts';
import { Messages, type WireMessage } from './messages.ts';
import { notFound, Refusal } from './refusal.ts';

export interface TwilioStandInOptions {
  /** 0, the default, for any that is free. */
  port?: number;
  host?: string;
  /** AC and 32 hexadecimal digits. */
  accountSid: string;
  /** With the former, what clients log in by. */
  authToken: string;
  now?: () => number;
  isTrial?: boolean;
  largestPage?: number;
  /** The numbers of the account, E.164. */
  numbers?: readonly string[];
  /** Told of each message that was taken. */
  onMessage?: (message: { from: string; to: string; body: string }) => void;
}

export interface TwilioStandIn {
  url: string;
  accountSid: string;
  authToken: string;
  /** Every message that was taken, the first one first. */
  messages: readonly WireMessage[];
  /** Every request of the API, also those that failed: `POST /2010-04-01/…`. */
  requests: readonly string[];
  faults: Faults;
  /** Opens another account, with these numbers; it sends no messages. */
  addAccount(account: { accountSid: string; authToken: string; numbers: string[] }): void;
  /** Whether messages stay queued from here on. */
  hold(isHeld: boolean): void;
  close(): Promise<void>;
}

const longestBody = 1_000_000;
const FaultsBody = z.strictObject({ next: z.array(Fault) });

/**
 * Starts a server that speaks what we use of Twilio's REST API: sending, listing and reading messages, its log-in, paging,
 * magic numbers and errors. Its own controls need no log-in:
 * - `GET /_standin/messages` lists what was taken.
 * - `POST /_standin/faults { next: [{ status, isAfter? }, 'lose-answer', …] }` has the next requests fail.
 */
export async function startTwilioStandIn(options: TwilioStandInOptions): Promise<TwilioStandIn> {
  const { port = 0, host = '127.0.0.1', accountSid, authToken, now = Date.now } = options;
  const { isTrial = false, largestPage = 1000 } = options;
  const messages = new Messages({ accountSid, now, isTrial, largestPage });
  const faults = new Faults();
  const requests: string[] = [];
  const access = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const base = `/2010-04-01/Accounts/${accountSid}/Messages`;

  const others = new Map<string, { accountSid: string; numbers: string[] }>();
  const numbers = [...(options.numbers ?? [])];

  /** As Twilio, the filter finds parts of numbers too. */
  function listNumbers(of: readonly string[], query: URLSearchParams): Answer {
    const wanted = (query.get('PhoneNumber') ?? '').replaceAll(/[^\d]/g, '');
    const size = Math.min(Number(query.get('PageSize') ?? 50), largestPage);
    const found = of.filter((number) => number.includes(wanted)).slice(0, size);
    const incoming_phone_numbers = found.map((phone_number) => ({ phone_number }));
    return { status: 200, json: { incoming_phone_numbers, next_page_uri: null } };
  }

  function route(method: string | undefined, { pathname, searchParams }: URL, body: string): Answer {
    if (pathname === `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`)
      return listNumbers(numbers, searchParams);
    if (pathname === `${base}.json`) {
      if (method === 'POST') {
        const created = messages.create(new URLSearchParams(body));
        options.onMessage?.(created);
        return { status: 201, json: created };
      }
      if (method === 'GET') return { status: 200, json: messages.list(searchParams) };
      throw new Refusal(405, 20004, 'Method not allowed');
    }
    const [, sid] = pathname.startsWith(base) ? (/\/(SM[^/]+)\.json$/.exec(pathname) ?? []) : [];
    if (sid === undefined || method !== 'GET') throw notFound(pathname);
    return { status: 200, json: messages.fetch(sid) };
  }

  function control(request: string, body: string): Answer {
    if (request === 'GET /_standin/messages') return { status: 200, json: { messages: messages.all } };
    if (request !== 'POST /_standin/faults') throw notFound(request);
    const wanted = FaultsBody.safeParse(jsonOf(body));
    if (!wanted.success) throw new Refusal(400, 20001, wanted.error.message);
    faults.fail(...wanted.data.next);
    return { status: 200, json: { ok: true } };
  }

  /** @returns the answer, or nothing where the connection breaks or stays silent. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (url.pathname.startsWith('/_standin/')) return control(`${request.method} ${url.pathname}`, body);
    requests.push(`${request.method} ${request.url}`);
    const other = others.get(request.headers.authorization ?? '');
    if (other) {
      const path = `/2010-04-01/Accounts/${other.accountSid}/IncomingPhoneNumbers.json`;
      if (url.pathname !== path) throw notFound(url.pathname);
      return listNumbers(other.numbers, url.searchParams);
    }
    if (request.headers.authorization !== access) {
      throw new Refusal(401, 20003, 'Authenticate', { 'www-authenticate': 'Basic realm="Twilio API"' });
    }
    const fault = faults.take();
    if (typeof fault === 'object' && !fault.isAfter) throw refusalOf(fault);
    if (fault === 'reset') {
      response.destroy();
      return undefined;
    }
    // A body of another type than a form is read as an empty form.
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
    const answered = route(request.method, url, isForm ? body : '');
    if (typeof fault === 'object') throw refusalOf(fault);
    if (fault === 'lose-answer') response.destroy();
    return fault === undefined ? answered : undefined;
  }

  const server = createServer((request, response) => {
    answer(request, response).then(
      (answered) => answered && reply(response, answered.status, answered.json),
      (error: unknown) => {
        const refusal = error instanceof Refusal ? error : new Refusal(500, 20500, String(error));
        const { status, code, message, headers } = refusal;
        const more_info = `https://www.twilio.com/docs/errors/${code}`;
        reply(response, status, { code, message, more_info, status }, headers);
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
    accountSid,
    authToken,
    messages: messages.all,
    requests,
    faults,
    addAccount({ accountSid: sid, authToken: token, numbers: own }) {
      const log = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`;
      others.set(log, { accountSid: sid, numbers: own });
    },
    hold(isHeld) {
      messages.isHeld = isHeld;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface Answer {
  status: number;
  json: object;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > longestBody) throw new Refusal(413, 20413, 'The body is too large.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 20001, 'The body is not valid JSON.');
  }
}

function reply(response: ServerResponse, status: number, json: object, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(json));
}
