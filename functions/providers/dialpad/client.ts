import * as z from 'zod';
import {
  type HttpClient,
  type HttpClientOptions,
  httpClient,
  ProviderError,
} from '#core/clients/http-client.ts';
import { type DialpadCall, readDialpadCall } from './event.ts';
import { idOf } from './lenient.ts';
import { pacer } from './pacer.ts';

/** Where Dialpad answers. Source: `servers` of dialpad_api_spec.json (2026-03-31). */
export const dialpadBaseUrls = {
  production: 'https://dialpad.com',
  sandbox: 'https://sandbox.dialpad.com',
} as const;

/** Of a company as a whole, over all its keys. Source: developers.dialpad.com, "Rate limits". */
const requestsPerSecond = 20;
/** More pages than a company's call history can have; a cursor that goes in circles ends here. */
const maxPages = 100_000;

const Id = z.unknown().transform(idOf).pipe(z.string());
/** A company or an office, as far as it is looked at. Source: developers.dialpad.com, companyget and officeslist. */
const Company = z.object({ id: Id });
const maxOffices = 1_000;
const Webhook = z.object({ id: Id, hook_url: z.string() });
export type DialpadWebhook = z.infer<typeof Webhook>;

const endpoint = z.object({ id: Id }).nullish().catch(undefined);
const CallSubscription = z.object({
  id: Id,
  call_states: z.array(z.string()).nullish(),
  enabled: z.boolean().nullish(),
  webhook: endpoint,
});
export type DialpadCallSubscription = z.infer<typeof CallSubscription>;
const SmsSubscription = z.object({
  id: Id,
  direction: z.string().nullish(),
  enabled: z.boolean().nullish(),
  status: z.boolean().nullish(),
  webhook: endpoint,
});
export type DialpadSmsSubscription = z.infer<typeof SmsSubscription>;

/** Both absent: the whole company. */
export interface SubscriptionTarget {
  targetType?: string;
  targetId?: string;
}

export interface CallListQuery extends SubscriptionTarget {
  /** Epoch milliseconds, exclusive. */
  startedAfter?: number;
  /** Epoch milliseconds, exclusive. */
  startedBefore?: number;
}

export interface DialpadClient {
  createWebhook(webhook: { hookUrl: string; secret: string }): Promise<DialpadWebhook>;
  listWebhooks(): Promise<DialpadWebhook[]>;
  deleteWebhook(id: string): Promise<void>;
  /** @param webhook `callStates` as in `callStates` of states.ts; `['all']` for all of them. */
  createCallSubscription(
    webhook: { webhookId: string; callStates: readonly string[] } & SubscriptionTarget,
  ): Promise<DialpadCallSubscription>;
  listCallSubscriptions(): Promise<DialpadCallSubscription[]>;
  deleteCallSubscription(id: string): Promise<void>;
  /** Asks for the delivery status events too. */
  createSmsSubscription(
    webhook: { webhookId: string; direction: 'all' | 'inbound' | 'outbound' } & SubscriptionTarget,
  ): Promise<DialpadSmsSubscription>;
  listSmsSubscriptions(): Promise<DialpadSmsSubscription[]>;
  deleteSmsSubscription(id: string): Promise<void>;
  /** The Dialpad company that the token is of. Dialpad answers a company admin's token only. */
  getCompany(): Promise<{ id: string }>;
  /** The offices that the token reaches: the ids of at most 1,000. */
  listOffices(): Promise<string[]>;
  /** Concluded calls, newest first, page by page; needs a company admin's key and the scope `calls:list`. */
  listCalls(query: CallListQuery): AsyncIterable<DialpadCall[]>;
}

export interface DialpadClientOptions extends Pick<HttpClientOptions, 'timeoutMs' | 'maxAttempts'> {
  /** API key or OAuth access token. */
  token: string;
  /** One of `dialpadBaseUrls`, or any other that speaks the same API. */
  baseUrl: string;
  /** Stands in for the clock in tests. */
  sleep?: (ms: number) => Promise<void>;
}

/**
 * Dialpad's API v2, as far as Trunkline uses it. Keeps to 20 requests a second by itself; requests of other programs to the same
 * company count too, so a 429 is still waited out and repeated.
 * Every method throws ProviderError when Dialpad refuses or gives an answer of another shape.
 */
export function dialpadClient(options: DialpadClientOptions): DialpadClient {
  const { token, baseUrl, ...rest } = options;
  const headers = { authorization: `Bearer ${token}` };
  const http = paced(
    httpClient({ provider: 'dialpad', baseUrl, headers, ...rest }),
    pacer(requestsPerSecond, options.sleep),
  );
  const all = async <T>(path: string, item: z.ZodType<T>): Promise<T[]> => {
    const items: T[] = [];
    for await (const page of pagesOf(http, path, item, {})) items.push(...page);
    return items;
  };
  const remove = (path: string, id: string) => http.request('DELETE', `${path}/${encodeURIComponent(id)}`);
  return {
    createWebhook: ({ hookUrl, secret }) =>
      http.request('POST', webhooksPath, { json: { hook_url: hookUrl, secret }, answer: Webhook }),
    listWebhooks: () => all(webhooksPath, Webhook),
    deleteWebhook: (id) => remove(webhooksPath, id),
    createCallSubscription: ({ callStates, ...to }) =>
      http.request('POST', callSubscriptionsPath, {
        json: { ...subscriptionBody(to), call_states: callStates, group_calls_only: false },
        answer: CallSubscription,
      }),
    listCallSubscriptions: () => all(callSubscriptionsPath, CallSubscription),
    deleteCallSubscription: (id) => remove(callSubscriptionsPath, id),
    createSmsSubscription: ({ direction, ...to }) =>
      http.request('POST', smsSubscriptionsPath, {
        json: { ...subscriptionBody(to), direction, status: true, include_internal: false },
        answer: SmsSubscription,
      }),
    listSmsSubscriptions: () => all(smsSubscriptionsPath, SmsSubscription),
    deleteSmsSubscription: (id) => remove(smsSubscriptionsPath, id),
    getCompany: () => http.request('GET', '/api/v2/company', { answer: Company }),
    async listOffices() {
      const ids: string[] = [];
      for await (const page of pagesOf(http, '/api/v2/offices', Company, {})) {
        ids.push(...page.map(({ id }) => id));
        if (ids.length >= maxOffices) break;
      }
      return ids.slice(0, maxOffices);
    },
    listCalls: (query) => listCalls(http, query),
  };
}

const webhooksPath = '/api/v2/webhooks';
const callSubscriptionsPath = '/api/v2/subscriptions/call';
const smsSubscriptionsPath = '/api/v2/subscriptions/sms';

function subscriptionBody(to: { webhookId: string } & SubscriptionTarget): Record<string, unknown> {
  return {
    endpoint_id: int64(to.webhookId),
    enabled: true,
    // There is no target_type for a company: leaving both out means all of it.
    ...(to.targetType ? { target_type: to.targetType } : {}),
    ...(to.targetId ? { target_id: int64(to.targetId) } : {}),
  };
}

/** Dialpad's API takes int64 ids; one that JSON numbers cannot hold goes as text. */
function int64(id: string): number | string {
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : id;
}

async function* listCalls(http: HttpClient, query: CallListQuery): AsyncIterable<DialpadCall[]> {
  const filter = {
    // A wrong name is ignored in silence: it is started_after, not start_after.
    started_after: query.startedAfter,
    started_before: query.startedBefore,
    target_type: query.targetType,
    target_id: query.targetId,
  };
  for await (const page of pagesOf(http, '/api/v2/call', z.unknown(), filter)) {
    // One unreadable row must not hide the others.
    yield page.map(readDialpadCall).filter((call) => call !== undefined);
  }
}

async function* pagesOf<T>(
  http: HttpClient,
  path: string,
  item: z.ZodType<T>,
  query: Record<string, string | number | undefined>,
): AsyncIterable<T[]> {
  const answer = z.object({
    items: z
      .array(item)
      .nullish()
      .transform((items) => items ?? []),
    cursor: z.string().nullish(),
  });
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const { items, cursor: next } = await http.request('GET', path, { query: { ...query, cursor }, answer });
    if (items.length > 0) yield items;
    if (!next) return;
    if (next === cursor) throw new ProviderError('dialpad', 200, `the cursor of ${path} does not move`);
    cursor = next;
  }
}

function paced(http: HttpClient, turn: () => Promise<void>): HttpClient {
  return {
    async request(method, path, request) {
      await turn();
      return await http.request(method, path, request);
    },
  };
}
