import * as z from 'zod';
import { type HttpClientOptions, httpClient } from '#core/clients/http-client.ts';

export interface TwilioAccount {
  accountSid: string;
  authToken: string;
  baseUrl: string;
}

const NumberPage = z.object({
  incoming_phone_numbers: z.array(z.object({ phone_number: z.string() })),
  next_page_uri: z.string().startsWith('/').nullish(),
});
/** Twilio's largest page, and more numbers than a company has. */
const pageSize = 1_000;
const mostPages = 10;

/**
 * What Trunkline asks a Twilio account about its own numbers. Every method throws ProviderError where Twilio answers
 * anything but what it should. Source: twilio.com/docs/phone-numbers/api/incomingphonenumber-resource.
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
  const path = `/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/IncomingPhoneNumbers.json`;
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
      for (let pages = 0; next && pages < mostPages; pages++) {
        const page: z.infer<typeof NumberPage> = await http.request('GET', next, { answer: NumberPage });
        numbers.push(...page.incoming_phone_numbers.map((own) => own.phone_number));
        next = page.next_page_uri;
      }
      return numbers;
    },
  };
}
