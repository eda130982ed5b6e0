import { randomBytes } from 'node:crypto';
import { notFound, Refusal } from './refusal.ts';

/** As Twilio shows it. */
export interface WireMessage {
  sid: string;
  account_sid: string;
  api_version: '2010-04-01';
  body: string;
  date_created: string;
  date_updated: string;
  /** RFC 2822; null while it waits. */
  date_sent: string | null;
  direction: 'outbound-api';
  error_code: number | null;
  error_message: string | null;
  from: string;
  to: string;
  messaging_service_sid: null;
  num_media: string;
  num_segments: string;
  price: null;
  price_unit: string;
  status: 'queued' | 'delivered';
  subresource_uris: { media: string };
  uri: string;
}

/** https://www.twilio.com/docs/iam/test-credentials: numbers that fail, for reading what becomes of it. */
const magicTo = new Map<string, [code: number, message: (to: string) => string]>([
  ['+15005550001', [21211, (to) => `Invalid 'To' Phone Number: ${to}`]],
  ['+15005550002', [21612, (to) => `The 'To' phone number: ${to}, is not currently reachable.`]],
  ['+15005550003', [21408, (to) => `Permission to send an SMS has not been enabled for ${to}.`]],
  ['+15005550004', [21610, () => 'Attempt to send to unsubscribed recipient']],
  ['+15005550009', [21614, (to) => `'To' number: ${to}, is not a valid mobile number`]],
]);
const magicFrom = new Map<string, [code: number, message: (from: string) => string]>([
  ['+15005550001', [21212, (from) => `Invalid 'From' Phone Number: ${from}`]],
  ['+15005550007', [21606, (from) => `The 'From' phone number ${from} is not a valid SMS-capable number.`]],
  [
    '+15005550008',
    [21611, (from) => `This 'From' number ${from} has exceeded the maximum of queued messages.`],
  ],
]);
const longestBody = 1600;
const e164 = /^\+[1-9]\d{6,14}$/;
const outsideGsm =
  /[^\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà^{}\\[\]~|€]/;

/** Parts of an SMS: 160 characters of the network's own alphabet, or 70 of any other; less where there are more parts. */
function segmentsOf(body: string): number {
  const [alone, each] = outsideGsm.test(body) ? [70, 67] : [160, 153];
  return body.length <= alone ? 1 : Math.ceil(body.length / each);
}

const rfc2822 = (ms: number) => new Date(ms).toUTCString().replace('GMT', '+0000');

export interface MessagesOptions {
  accountSid: string;
  now: () => number;
  /** Accounts on trial have a text of Twilio's before their own. */
  isTrial: boolean;
  /** A page has no more, also where more is asked for. Twilio's own limit is 1000. */
  largestPage: number;
}

/** The messages of an account, the first one first. */
export class Messages {
  readonly all: WireMessage[] = [];
  /** Whether messages stay queued, and have no time of sending. */
  isHeld = false;
  readonly #options: MessagesOptions;

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  get #path(): string {
    return `/2010-04-01/Accounts/${this.#options.accountSid}/Messages`;
  }

  create(form: URLSearchParams): WireMessage {
    const { accountSid, isTrial, now } = this.#options;
    const [to, from, body] = [form.get('To') ?? '', form.get('From') ?? '', form.get('Body') ?? ''];
    if (to === '') throw new Refusal(400, 21604, "A 'To' phone number is required.");
    if (from === '') throw new Refusal(400, 21603, "A 'From' phone number is required.");
    if (body === '') throw new Refusal(400, 21602, 'Message body is required.');
    if (body.length > longestBody) {
      throw new Refusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit');
    }
    const [code, complaint] = magicTo.get(to) ?? magicFrom.get(from) ?? [];
    if (code !== undefined && complaint) {
      const isSenderFull = code === 21611;
      throw new Refusal(isSenderFull ? 429 : 400, code, complaint(magicTo.has(to) ? to : from));
    }
    if (!e164.test(to)) throw new Refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`);
    if (!e164.test(from)) throw new Refusal(400, 21212, `Invalid 'From' Phone Number: ${from}`);
    const sid = `SM${randomBytes(16).toString('hex')}`;
    const text = isTrial ? `Sent from your Twilio trial account - ${body}` : body;
    const created: WireMessage = {
      ...{ sid, account_sid: accountSid, api_version: '2010-04-01', body: text },
      ...{ date_created: rfc2822(now()), date_updated: rfc2822(now()), date_sent: null },
      ...{ direction: 'outbound-api', error_code: null, error_message: null, from, to },
      ...{ messaging_service_sid: null, num_media: '0', num_segments: String(segmentsOf(text)) },
      ...{ price: null, price_unit: 'USD', status: 'queued' },
      subresource_uris: { media: `${this.#path}/${sid}/Media.json` },
      uri: `${this.#path}/${sid}.json`,
    };
    const isSent = !this.isHeld;
    const date = created.date_created;
    this.all.push(isSent ? { ...created, status: 'delivered', date_sent: date } : created);
    return created; // as it was at that moment
  }

  fetch(sid: string): WireMessage {
    const found = this.all.find((message) => message.sid === sid);
    if (!found) throw notFound(`${this.#path}/${sid}.json`);
    return found;
  }

  /** A page, the newest message first. `PageToken` says where it begins: after the message of that id. */
  list(query: URLSearchParams) {
    const size = Number(query.get('PageSize') ?? 50);
    if (!Number.isInteger(size) || size < 1) throw new Refusal(400, 20001, 'Page size must be at least 1');
    const pageSize = Math.min(size, this.#options.largestPage, 1000);
    const page = Number(query.get('Page') ?? 0);
    const token = query.get('PageToken');
    const found = this.all.filter((message) => fits(message, query)).reverse();
    const start = token === null ? 0 : found.findIndex(({ sid }) => `PA${sid}` === token) + 1;
    if (token !== null && start === 0) throw new Refusal(400, 20006, 'Page number out of range');
    const messages = found.slice(start, start + pageSize);
    const last = messages.at(-1);
    const uriOf = (changes: Record<string, string>) => {
      const params = new URLSearchParams(query);
      for (const [name, value] of Object.entries({ PageSize: String(pageSize), ...changes }))
        params.set(name, value);
      return `${this.#path}.json?${params}`;
    };
    const hasMore = start + messages.length < found.length;
    return {
      ...{ first_page_uri: uriOf({ Page: '0' }), uri: uriOf({ Page: String(page) }) },
      ...{ page, page_size: pageSize, start: page * pageSize, end: page * pageSize + messages.length - 1 },
      next_page_uri: hasMore && last ? uriOf({ Page: String(page + 1), PageToken: `PA${last.sid}` }) : null,
      previous_page_uri: null,
      messages,
    };
  }
}

/** Whether a message is among those that are asked for. One that waits has no day on which it was sent. */
function fits({ to, from, date_sent: sent }: WireMessage, query: URLSearchParams): boolean {
  const [wantedTo, wantedFrom] = [query.get('To'), query.get('From')];
  if ((wantedTo ?? to) !== to || (wantedFrom ?? from) !== from) return false;
  return [...query].every(([name, text]) => {
    if (!/^DateSent[<>]?$/.test(name)) return true;
    const limit = Date.parse(text);
    if (Number.isNaN(limit)) throw new Refusal(400, 20001, `Invalid ${name}`);
    if (sent === null) return false;
    const at = Date.parse(sent);
    if (name === 'DateSent>') return at >= limit;
    return name === 'DateSent<' ? at <= limit : at >= limit && at < limit + 86_400_000;
  });
}
