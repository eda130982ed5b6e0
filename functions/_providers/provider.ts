import type { HeaderFields } from '#core/http/incoming.ts';

/**
 * What the pipeline knows of a provider (Retell, Dialpad, …): how its events are verified, told apart and
 * translated. The pipeline names no provider; adding one is a folder beside this file and a line in registry.ts.
 */

/** The states of a call, in the order in which a call can go through them; the last five are final. */
export const callStatuses = [
  'scheduled',
  'queued',
  'ringing',
  'in_progress',
  'on_hold',
  'completed',
  'missed',
  'voicemail',
  'failed',
  'cancelled',
] as const;
export type CallStatus = (typeof callStatuses)[number];

export const finalStatuses: ReadonlySet<CallStatus> = new Set([
  'completed',
  'missed',
  'voicemail',
  'failed',
  'cancelled',
]);

/**
 * Where an update stands among all updates of the same call. Providers deliver late, twice and swapped, so a field
 * takes the value of the update with the greatest clock that knows the field, compared by rank, then by time.
 */
export interface Clock {
  /** How far the call was. Use `ranks`, or a number between two of them for a provider's finer step. */
  rank: number;
  /** When the provider says that it happened, epoch milliseconds. */
  at: number;
}

/** Ranks of the steps of a call. Steps of one rank follow each other by time (hold, resume, hold). */
export const ranks = {
  scheduled: 0,
  queued: 10,
  ringing: 20,
  inProgress: 30,
  missed: 100,
  voicemail: 110,
  ended: 120,
  /** Facts learned after the end: a summary, a transcript, a score. */
  analyzed: 130,
} as const;

/** What one event says of a call. A field that the event does not know is absent: never null, never guessed. */
export interface CallFields {
  direction?: 'inbound' | 'outbound';
  status?: CallStatus;
  /** E.164. */
  from?: string;
  /** E.164. */
  to?: string;
  /** The provider's id of the person or AI agent that handles the call. */
  providerAgentId?: string;
  agentName?: string;
  /** ISO 8601 UTC. The earliest known wins, whatever its clock. */
  startedAt?: string;
  /** ISO 8601 UTC. The earliest known wins, whatever its clock. */
  answeredAt?: string;
  /** ISO 8601 UTC. The latest known wins, whatever its clock. */
  endedAt?: string;
  durationMs?: number;
  /** A decimal number in minor units of `costCurrency` (US cents for Retell), as text: providers bill in fractions. */
  costAmount?: string;
  /** ISO 4217. */
  costCurrency?: string;
  transcript?: string;
  summary?: string;
  sentiment?: 'positive' | 'neutral' | 'negative' | 'unknown';
  successful?: boolean;
  disconnectionReason?: string;
  /** The provider's own address of the recording: stored, never shown. */
  recordingUrl?: string;
  tags?: string[];
}

/** Something else that the event says happened, told to every listener, once for each `key` of a call. */
export interface Announcement {
  type: 'call.transferred' | 'call.analyzed';
  /** Tells two transfers of one call apart; '' where the event can happen only once. */
  key: string;
}

export interface CallUpdate {
  kind: 'call';
  /** The provider's id of the conversation: one call, however many legs it has. */
  providerCallId: string;
  clock: Clock;
  fields: CallFields;
  /** Facts with no column of their own (callType, csatScore, customAnalysis, …), merged key by key. JSON values. */
  details?: Record<string, unknown>;
  /** The client's own metadata that the provider carries along, merged key by key. JSON values. */
  metadata?: Record<string, unknown>;
  /** The line for the call's timeline. */
  timeline?: {
    /** The provider's word for what happened: its state or event name. */
    type: string;
    /** Which leg, when the call has several. */
    legId?: string;
    /** A few facts worth showing, flat. */
    data?: Record<string, unknown>;
  };
  announce?: Announcement[];
  /** When that happened, Unix milliseconds, where the clock says when we asked. */
  announcedAt?: number;
}

export interface MessageUpdate {
  kind: 'message';
  providerMessageId: string;
  clock: Clock;
  fields: {
    direction?: 'inbound' | 'outbound';
    status?: 'queued' | 'sent' | 'delivered' | 'failed' | 'received';
    /** E.164. */
    from?: string;
    /** E.164, one for each receiver. */
    to?: string[];
    body?: string;
    mediaUrls?: string[];
    errorCode?: string;
    providerAgentId?: string;
    /** ISO 8601 UTC. The earliest known wins. */
    sentAt?: string;
  };
}

export interface VoicemailUpdate {
  kind: 'voicemail';
  providerVoicemailId: string;
  /** The conversation it belongs to: the same id as CallUpdate.providerCallId. */
  providerCallId: string;
  clock: Clock;
  fields: {
    /** E.164. */
    from?: string;
    /** E.164. */
    to?: string;
    durationMs?: number;
    transcript?: string;
    /** The provider's own address of the recording: stored, never shown. */
    recordingUrl?: string;
    /** ISO 8601 UTC. The earliest known wins. */
    receivedAt?: string;
  };
}

export type Update = CallUpdate | MessageUpdate | VoicemailUpdate;

/** Whose an event may be: a thing at the provider that provider_links ties to a company and perhaps an app. */
export interface Owner {
  kind: 'agent' | 'organization' | 'number' | 'company';
  externalId: string;
}

/** What is needed to store an event before anyone processes it. */
export interface EventIdentity {
  /** The same for every repeat of this event and for nothing else. */
  dedupeKey: string;
  /** The provider's name of the event, for people: `call.hangup`, `sms`, `call_ended`. */
  type: string;
  /** Epoch milliseconds; null when the provider does not say. */
  occurredAt: number | null;
  /** Candidates in the order of preference: the first that is linked wins. */
  owners: Owner[];
}

export interface VerifiedBody {
  /** The event as JSON text, made of exactly the bytes that were signed. Perhaps not JSON: `parse` tells. */
  json: string;
  /** Index into `secrets` of the one that signed. */
  secretIndex: number;
}

export interface Provider {
  /** As in `calls.provider`. */
  readonly name: string;
  /**
   * Checks the signature over the raw bytes, in constant time. Undefined: none of the secrets made it, it is too
   * old, or there is none. Never throws, for any bytes. Hashes the body once for each secret at most, and tells
   * `countHashedBytes` of it; parses nothing before a secret fits.
   */
  verify(hook: {
    body: Buffer;
    headers: HeaderFields;
    secrets: readonly string[];
    nowMs: number;
  }): VerifiedBody | undefined;
  /**
   * Ids at the provider that the bytes seem to name, unverified, found in one bounded scan without parsing: they only
   * choose which secrets are tried where there are too many to try them all.
   */
  hintsOf?(body: Buffer): string[];
  /** The event as a value, where plain JSON.parse would lose something. Throws for what is not JSON. */
  parse?(json: string): unknown;
  /** Undefined: the body was signed but is nothing that this provider's translator knows. Never throws. */
  identify(event: unknown, json: string): EventIdentity | undefined;
  /** Pure. Throws only when the event cannot be what `identify` took it for; that event then fails, alone. */
  translate(event: unknown): Update[];
}
