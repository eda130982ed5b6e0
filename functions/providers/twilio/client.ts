import * as z from 'zod';
import { type HttpClientOptions, httpClient, type ProviderError } from '#core/clients/http-client.ts';

export interface TwilioAccount {
  accountSid: string;
  authToken: string;
  baseUrl: string;
}

const NumberPage = z.object({
  incoming_phone_numbers: z.array(z.object({ phone_number: z.string() })),
  next_page_uri: z.string().startsWith('/').nullish(),
});
const WireMessage = z.object({
  sid: z.string(),
  body: z.string().nullable(),
  date_created: z.string().nullable(),
});
const MessagePage = z.object({
  messages: z.array(WireMessage),
  next_page_uri: z.string().startsWith('/').nullish(),
});
const WireError = z.object({ code: z.number(), message: z.string() });
/** Twilio's largest page, and more numbers than a company has. */
const pageSize = 1_000;
const maxPages = 10;
const maxMessagePages = 4;
/** What Twilio puts before the text of accounts on trial. */
const trialPrefix = 'Sent from your Twilio trial account - ';

/** A message that an account has sent, or is about to. */
export interface TwilioMessage {
  sid: string;
  /** As it was asked for. */
  text: string;
  /** When Twilio took it, epoch milliseconds; undefined where it does not say. */
  createdAtMs: number | undefined;
}

export type TwilioClient = ReturnType<typeof twilioClient>;

/**
 * What Trunkline asks a Twilio account: about its own numbers, and to send SMS. Every method throws ProviderError where
 * Twilio answers anything but what it should. Sources: twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
 * twilio.com/docs/messaging/api/message-resource.
 */
export function twilioClient(
  account: TwilioAccount,
  options: Pick<HttpClientOptions, 'timeoutMs' | 'maxAttempts' | 'sleep'> = {},
) {
  const { accountSid, authToken, baseUrl } = account;
  const http = httpClient({
    provider: 'twilio',
    baseUrl,
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
    ...options,
  });
  const accountPath = `/2010-04-01/Accounts/${encodeURIComponent(accountSid)}`;
  const path = `${accountPath}/IncomingPhoneNumbers.json`;
  const messagesPath = `${accountPath}/Messages.json`;
  return {
    /** Whether the account has this number, E.164. Twilio's filter finds parts of numbers too. */
    async ownsNumber(number: string): Promise<boolean> {
      const query = { PhoneNumber: number, PageSize: 50 };
      const page = await http.request('GET', path, { query, answer: NumberPage });
      return page.incoming_phone_numbers.some((own) => own.phone_number === number);
    },

    /** The account's numbers, E.164: at most 10,000. */
    async listNumbers(): Promise<string[]> {
      const numbers: string[] = [];
      let next: string | null | undefined = `${path}?PageSize=${pageSize}`;
      for (let pages = 0; next && pages < maxPages; pages++) {
        const page: z.infer<typeof NumberPage> = await http.request('GET', next, { answer: NumberPage });
        numbers.push(...page.incoming_phone_numbers.map((own) => own.phone_number));
        next = page.next_page_uri;
      }
      return numbers;
    },

    /**
     * Sends an SMS; numbers in E.164. Twilio has no idempotency key: asked again, it sends the message again, so that only a
     * 429 is repeated.
     * @returns the message's sid, `SM…`.
     */
    async sendMessage({ from, to, text }: { from: string; to: string; text: string }): Promise<string> {
      const { sid } = await http.request('POST', messagesPath, {
        form: { To: to, From: from, Body: text },
        answer: WireMessage.pick({ sid: true }),
      });
      return sid;
    },

    /**
     * The messages between two numbers, the newest first: at most 4,000. It is not asked for a time: by that, Twilio goes by
     * when a message was sent, and one that waits yet has no such time.
     */
    async listMessages({ from, to }: { from: string; to: string }): Promise<TwilioMessage[]> {
      const found: TwilioMessage[] = [];
      const first = new URLSearchParams({ To: to, From: from, PageSize: String(pageSize) });
      let next: string | null | undefined = `${messagesPath}?${first}`;
      for (let pages = 0; next && pages < maxMessagePages; pages++) {
        const page: z.infer<typeof MessagePage> = await http.request('GET', next, {
          answer: MessagePage,
          repeatable: false,
        });
        found.push(...page.messages.map(messageOf));
        next = page.next_page_uri;
      }
      return found;
    },

    /** What Twilio says is wrong, with its code: https://www.twilio.com/docs/api/errors lists them. */
    complaintOf({ status, answer }: ProviderError): string {
      try {
        const { code, message } = WireError.parse(JSON.parse(answer));
        return `${code}: ${message}`;
      } catch {
        return `status ${status}`;
      }
    },
  };
}

function messageOf({ sid, body, date_created: created }: z.infer<typeof WireMessage>): TwilioMessage {
  const text = body?.startsWith(trialPrefix) ? body.slice(trialPrefix.length) : (body ?? '');
  const createdAtMs = created ? Date.parse(created) : Number.NaN;
  return { sid, text, createdAtMs: Number.isNaN(createdAtMs) ? undefined : createdAtMs };
}
