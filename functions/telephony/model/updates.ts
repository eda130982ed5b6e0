import type { Clock } from './clocks.ts';
import type { CallStatus } from './status.ts';
import type { Direction, MessageStatus } from './words.ts';

/** What one event says of a call. A field that the event does not know is absent: never null, never guessed. */
export interface CallFields {
  direction?: Direction;
  status?: CallStatus;
  /** E.164. */
  from?: string;
  /** E.164. */
  to?: string;
  /** The provider's id of the person or AI agent that handles the call. */
  providerAgentId?: string;
  agentName?: string;
  /** ISO 8601 UTC. The earliest known wins; its clock does not count. */
  startedAt?: string;
  /** ISO 8601 UTC. The earliest known wins; its clock does not count. */
  answeredAt?: string;
  /** ISO 8601 UTC. The latest known wins; its clock does not count. */
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
    direction?: Direction;
    status?: MessageStatus;
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
