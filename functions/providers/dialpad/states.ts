import type { CallStatus } from '#telephony/model/status.ts';

/** What an event of a state tells. */
export type Meaning =
  /** The call goes on, and this is how it stands. */
  | { kind: 'live'; status: CallStatus }
  /** The leg is over, or as good as over. */
  | { kind: 'end' }
  /** Someone listens in or joins: of interest to the timeline only. */
  | { kind: 'aside' }
  /** Something learned of the call, mostly after its end. */
  | { kind: 'fact' };

const live = (status: CallStatus): Meaning => ({ kind: 'live', status });
const end: Meaning = { kind: 'end' };
const aside: Meaning = { kind: 'aside' };
const fact: Meaning = { kind: 'fact' };

/**
 * Every value of Dialpad's `call_states`. `all` is a filter of subscriptions and never the state of an event.
 * Source: dialpad_api_spec.json (2026-03-31), schemas.call_event_subscription.
 */
export const meanings = {
  calling: live('ringing'),
  preanswer: live('ringing'),
  ringing: live('ringing'),
  queued: live('queued'),
  connected: live('in_progress'),
  hold: live('on_hold'),
  parked: live('on_hold'),
  hangup: end,
  missed: end,
  voicemail: end,
  voicemail_uploaded: end,
  blocked: end,
  admin: aside,
  all: aside,
  barge: aside,
  eavesdrop: aside,
  merged: aside,
  monitor: aside,
  takeover: aside,
  admin_recording: fact,
  ai_playbook: fact,
  call_transcription: fact,
  csat: fact,
  dispositions: fact,
  pcsat: fact,
  postcall: fact,
  recap_action_items: fact,
  recap_outcome: fact,
  recap_purposes: fact,
  recap_summary: fact,
  recording: fact,
  transcription: fact,
} as const satisfies Record<string, Meaning>;

/** The 32 values of `call_states`. */
export const callStates = Object.keys(meanings);

const byName = new Map<string, Meaning>(Object.entries(meanings));

/** A state that Dialpad added since then counts as an aside: shown, without effect on the call. */
export function meaningOf(state: string): Meaning {
  return byName.get(state) ?? aside;
}
