import type { PhoneCallResponse } from 'retell-sdk/resources/call';

export type DisconnectionReason = NonNullable<PhoneCallResponse['disconnection_reason']>;

/** How a kind of call goes. */
export interface LifecyclePlan {
  channel: 'inbound' | 'outbound' | 'web';
  /** Turns of talk, least and most; none: nobody picked up. */
  turns?: readonly [number, number];
  reason: DisconnectionReason;
  status: 'ended' | 'error' | 'not_connected';
  /** What the analysis says. */
  inVoicemail?: boolean;
  transfer?: 'cold' | 'warm' | 'second attempt';
  /** How many of a hundred calls of the past are of this kind. */
  share: number;
}

export const lifecyclePlans = {
  inbound: { channel: 'inbound', turns: [6, 24], reason: 'user_hangup', status: 'ended', share: 32 },
  outbound: { channel: 'outbound', turns: [4, 18], reason: 'agent_hangup', status: 'ended', share: 20 },
  web: { channel: 'web', turns: [4, 14], reason: 'user_hangup', status: 'ended', share: 10 },
  long: { channel: 'inbound', turns: [160, 220], reason: 'user_hangup', status: 'ended', share: 2 },
  cold_transfer: {
    channel: 'inbound',
    turns: [4, 10],
    reason: 'call_transfer',
    status: 'ended',
    transfer: 'cold',
    share: 5,
  },
  warm_transfer: {
    channel: 'inbound',
    turns: [6, 12],
    reason: 'transfer_bridged',
    status: 'ended',
    transfer: 'warm',
    share: 3,
  },
  /** The first person does not take the call, the second does. */
  second_transfer: {
    channel: 'inbound',
    turns: [8, 14],
    reason: 'call_transfer',
    status: 'ended',
    transfer: 'second attempt',
    share: 2,
  },
  voicemail: {
    channel: 'outbound',
    turns: [1, 1],
    reason: 'voicemail_reached',
    status: 'ended',
    inVoicemail: true,
    share: 8,
  },
  /** The agent did not notice the machine; only the analysis does. */
  voicemail_unnoticed: {
    channel: 'outbound',
    turns: [2, 4],
    reason: 'agent_hangup',
    status: 'ended',
    inVoicemail: true,
    share: 2,
  },
  no_answer: { channel: 'outbound', reason: 'dial_no_answer', status: 'not_connected', share: 6 },
  busy: { channel: 'outbound', reason: 'dial_busy', status: 'not_connected', share: 3 },
  declined: { channel: 'outbound', reason: 'user_declined', status: 'not_connected', share: 1 },
  dial_failed: { channel: 'outbound', reason: 'dial_failed', status: 'not_connected', share: 2 },
  llm_error: {
    channel: 'inbound',
    turns: [2, 6],
    reason: 'error_llm_websocket_lost_connection',
    status: 'error',
    share: 2,
  },
  not_joined: { channel: 'web', reason: 'error_user_not_joined', status: 'error', share: 1 },
  never_started: { channel: 'web', reason: 'registered_call_timeout', status: 'error', share: 1 },
} as const satisfies Record<string, LifecyclePlan>;

export type LifecycleKind = keyof typeof lifecyclePlans;
export const lifecycleKinds = Object.keys(lifecyclePlans) as [LifecycleKind, ...LifecycleKind[]];
