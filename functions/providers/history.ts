import type { CallUpdate, Update } from '#telephony/model/updates.ts';
import type { Owner } from './provider.ts';

/** How to reach a provider for one company. */
export interface ProviderAccount {
  /** API key or OAuth access token. */
  token: string;
  baseUrl: string;
}

/** A call as the provider's own list has it. */
export interface ListedCall {
  providerCallId: string;
  owners: Owner[];
  /** What the list says; enough to tell whether our row is behind. */
  update: CallUpdate;
  /** True when the list leaves facts out (Retell: the transcript) that `fetchCall` would give. */
  isPartial: boolean;
  /** What the row says beside the call: a voicemail that was left. */
  also?: Update[];
}

/**
 * What a provider can tell of the past: for syncs on a schedule, and for the refill of what its webhooks lost.
 * Every method throws ProviderError when the provider does not answer as it should.
 */
export interface ProviderHistory {
  /**
   * True when what the provider lists is the present truth, so that of two snapshots of one state the newer counts;
   * false when its rows say less than its events did.
   */
  isAuthoritative: boolean;
  /** Calls that began in [from, to), page by page as the provider gives them. A filter narrows it to some agents. */
  listCalls(
    account: ProviderAccount,
    period: { from: Date; to: Date },
    filter?: { agentIds?: readonly string[] },
  ): AsyncIterable<ListedCall[]>;
  /** The whole of one call. Undefined where the provider has it no longer. */
  fetchCall?(account: ProviderAccount, providerCallId: string): Promise<CallUpdate | undefined>;
}
