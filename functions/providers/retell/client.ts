import * as z from 'zod';
import { type HttpClientOptions, httpClient, ProviderError } from '#core/clients/http-client.ts';
import { RetellAgent, RetellCall } from './event.ts';

export const retellBaseUrl = 'https://api.retellai.com';

export interface RetellClientOptions extends Pick<HttpClientOptions, 'timeoutMs' | 'maxAttempts' | 'sleep'> {
  apiKey: string;
  /** The stand-in's address in tests. */
  baseUrl?: string;
}

/** A condition on a number: milliseconds since the epoch for timestamps. The range's ends are meant inclusive. */
export type NumberFilter =
  | { type: 'number'; op: 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'; value: number }
  | { type: 'range'; op: 'bt'; value: [number, number] };
export type EnumFilter = { type: 'enum'; op: 'in'; value: readonly string[] };
export type StringFilter = { type: 'string'; op: 'eq' | 'ne' | 'sw' | 'ew' | 'co'; value: string };

export interface ListCallsRequest {
  filter_criteria?: {
    agent?: { agent_id: string; version?: number[] }[];
    call_id?: StringFilter | EnumFilter;
    call_status?: EnumFilter;
    direction?: EnumFilter;
    start_timestamp?: NumberFilter;
    end_timestamp?: NumberFilter;
    metadata?: ((StringFilter | EnumFilter | NumberFilter) & { key: string })[];
  };
  /** By start_timestamp. */
  sort_order?: 'ascending' | 'descending';
  limit?: number;
  pagination_key?: string;
  include_total?: boolean;
}

export interface CreatePhoneCallRequest {
  /** E.164, a number that the Retell account owns. */
  from_number: string;
  /** E.164. */
  to_number: string;
  override_agent_id?: string;
  override_agent_version?: string | number;
  /** Comes back with the call. Put the id of your own row here: Retell has no idempotency key. */
  metadata?: Record<string, unknown>;
  retell_llm_dynamic_variables?: Record<string, string>;
}

const pageFields = { has_more: z.boolean().default(false), pagination_key: z.string().nullish() };
const CallPage = z.object({ items: z.array(RetellCall), total: z.number().optional(), ...pageFields });
export type RetellCallPage = z.infer<typeof CallPage>;
const AgentPage = z.object({ items: z.array(RetellAgent), ...pageFields });
const agentPageSize = 100;

export type RetellClient = ReturnType<typeof retellClient>;

/**
 * Retell's API, as far as Trunkline needs it. Every method throws ProviderError where Retell answers anything but
 * what it should; a 404 of the one thing that is asked for is `undefined`.
 * Source: retell-sdk 5.66.1.
 */
export function retellClient({ apiKey, baseUrl = retellBaseUrl, ...rest }: RetellClientOptions) {
  const http = httpClient({
    provider: 'retell',
    baseUrl,
    headers: { authorization: `Bearer ${apiKey}` },
    timeoutMs: 30_000,
    ...rest,
  });

  return {
    /** One page of calls, without their transcripts. */
    listCalls(request: ListCallsRequest): Promise<RetellCallPage> {
      return http.request('POST', '/v3/list-calls', { json: request, answer: CallPage, repeatable: true });
    },

    /** A whole call with its transcript. */
    getCall(callId: string): Promise<RetellCall | undefined> {
      return unlessMissing(http.request('GET', `/v2/get-call/${segment(callId)}`, { answer: RetellCall }));
    },

    /** Every agent, page by page. */
    async *listAgents(): AsyncGenerator<RetellAgent[]> {
      let key: string | undefined;
      do {
        const page = await http.request('POST', '/v2/list-agents', {
          query: { limit: agentPageSize, pagination_key: key },
          json: {},
          answer: AgentPage,
          repeatable: true,
        });
        yield page.items;
        key = nextKey(page, key);
      } while (key !== undefined);
    },

    getAgent(agentId: string): Promise<RetellAgent | undefined> {
      return unlessMissing(http.request('GET', `/get-agent/${segment(agentId)}`, { answer: RetellAgent }));
    },

    /** Not repeated when it fails without an answer: a second one would make a second agent. */
    createAgent(agent: Record<string, unknown>): Promise<RetellAgent> {
      return http.request('POST', '/create-agent', { json: agent, answer: RetellAgent });
    },

    updateAgent(agentId: string, changes: Record<string, unknown>): Promise<RetellAgent> {
      return http.request('PATCH', `/update-agent/${segment(agentId)}`, {
        json: changes,
        answer: RetellAgent,
      });
    },

    /** Also fine where it is gone already, as after a first attempt whose answer was lost. */
    async deleteAgent(agentId: string): Promise<void> {
      const headers = { accept: '*/*' };
      await unlessMissing(http.request('DELETE', `/delete-agent/${segment(agentId)}`, { headers }));
    },

    /**
     * Places a call; the answer is the registered call. Never repeated without Retell's refusal (429): a repeat rings
     * a person's telephone twice. After a failure, look for your `metadata` with listCalls before trying again.
     */
    createPhoneCall(request: CreatePhoneCallRequest): Promise<RetellCall> {
      return http.request('POST', '/v2/create-phone-call', {
        json: request,
        answer: RetellCall,
        repeatable: false,
      });
    },
  };
}

/**
 * The key of the page after this one. Undefined: it was the last.
 * @throws {ProviderError} when Retell promises more but does not say where: going on would never end, and stopping
 * would pass for the whole list.
 */
export function nextKey(
  page: { has_more: boolean; pagination_key?: string | null | undefined },
  previous: string | undefined,
): string | undefined {
  if (!page.has_more) return undefined;
  if (!page.pagination_key || page.pagination_key === previous) {
    throw new ProviderError('retell', 200, `has_more with pagination_key ${String(page.pagination_key)}`);
  }
  return page.pagination_key;
}

function segment(id: string): string {
  return encodeURIComponent(id);
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProviderError && error.status === 404) return undefined;
    throw error;
  }
}
