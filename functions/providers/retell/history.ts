import type { ListedCall, ProviderAccount, ProviderHistory } from '#providers/history.ts';
import { nextKey, type RetellClientOptions, retellClient } from './client.ts';
import { ownersOf } from './owners.ts';
import { callUpdateFromCall } from './translate.ts';

/** Retell does not state v3's limit: v2 took 1000, the SDK's example of v3 asks for 100. */
const pageSize = 100;

/** What Retell can tell of the past. The options are for tests; token and address come with each account. */
export function createRetellHistory(
  options: Pick<RetellClientOptions, 'timeoutMs' | 'maxAttempts' | 'sleep'> & { pageSize?: number } = {},
): ProviderHistory {
  const { pageSize: limit = pageSize, ...rest } = options;
  const clientOf = ({ token, baseUrl }: ProviderAccount) => retellClient({ ...rest, apiKey: token, baseUrl });

  return {
    isAuthoritative: true,

    /** Ascending by start, so that calls that begin meanwhile cannot push others out of a page. */
    async *listCalls(account, { from, to }, filter) {
      const agentIds = filter?.agentIds;
      if (agentIds?.length === 0 || to <= from) return;
      const client = clientOf(account);
      let key: string | undefined;
      do {
        const page = await client.listCalls({
          filter_criteria: {
            ...(agentIds && { agent: agentIds.map((agent_id) => ({ agent_id })) }),
            start_timestamp: { type: 'range', op: 'bt', value: [from.getTime(), to.getTime()] },
          },
          sort_order: 'ascending',
          limit,
          ...(key !== undefined && { pagination_key: key }),
        });
        // Retell does not say whether a range takes in its ends.
        const isWithin = (ms: number | undefined) =>
          ms === undefined || (ms >= from.getTime() && ms < to.getTime());
        const calls = page.items.filter((call) => isWithin(call.start_timestamp));
        yield calls.map(
          (call): ListedCall => ({
            providerCallId: call.call_id,
            owners: ownersOf(call),
            update: callUpdateFromCall(call),
            isPartial: true,
          }),
        );
        key = nextKey(page, key);
      } while (key !== undefined);
    },

    async fetchCall(account, providerCallId) {
      const call = await clientOf(account).getCall(providerCallId);
      return call && callUpdateFromCall(call);
    },
  };
}

export const retellHistory: ProviderHistory = createRetellHistory();
