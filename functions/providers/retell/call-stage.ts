import { type Clock, ranks } from '#telephony/model/clocks.ts';
import type { CallStatus } from '#telephony/model/status.ts';
import type { RetellCall } from './event.ts';
import { spokenMs } from './transcript.ts';

/**
 * Retell's steps between those of the contract. Its events have no time of their own, so what a step knows must
 * order it: each kind of step has a rank, and `at` comes from the call's own timestamps.
 */
export const retellRanks = {
  /** During a talk, the transcript grows; `at` says how far it is. */
  talking: ranks.inProgress + 1,
  transferStarted: ranks.inProgress + 2,
  transferCancelled: ranks.inProgress + 3,
  transferBridged: ranks.inProgress + 4,
  /** A transferred leg goes on after the agent has left, and adds to the cost: these outrank ended and analyzed. */
  settled: ranks.analyzed + 1,
  settledAndAnalyzed: ranks.analyzed + 2,
} as const;

const neverAnswered = new Set(['dial_no_answer', 'dial_busy', 'user_declined']);
const neverJoined = new Set(['registered_call_timeout', 'error_user_not_joined']);
const refused = new Set([
  'dial_failed',
  'invalid_destination',
  'no_concurrency_fallback',
  'no_valid_payment',
  'scam_detected',
  'marked_as_spam',
]);
const refusedPrefixes = ['error_', 'concurrency_', 'telephony_', 'sip_'];
const handedOver = new Set(['call_transfer', 'transfer_bridged']);

/** Whether the caller was handed over to somebody else, who took the call. */
export function wasTransferred(call: RetellCall): boolean {
  return handedOver.has(call.disconnection_reason ?? '') || call.transfer_end_timestamp !== undefined;
}

/**
 * Whether the call is over, by anything that says so. `call_status` alone will not do: Retell's own example of
 * call_ended still says `registered`.
 */
export function isOver(call: RetellCall): boolean {
  return (
    ['ended', 'error', 'not_connected'].includes(call.call_status ?? '') ||
    call.end_timestamp !== undefined ||
    call.disconnection_reason !== undefined ||
    call.call_analysis !== undefined
  );
}

/**
 * How a call that is over went. The reason decides, then Retell's status; what the analysis adds, that a machine
 * answered, can only turn `completed` into `voicemail`, and not for a call that was handed over to a person:
 * so an event without the analysis never contradicts one with it about a call that did not take place.
 */
export function finalStatus(call: RetellCall): CallStatus {
  const reason = call.disconnection_reason ?? '';
  if (neverAnswered.has(reason)) return 'missed';
  if (reason === 'voicemail_reached') return 'voicemail';
  if (neverJoined.has(reason)) return 'cancelled';
  if (refused.has(reason) || refusedPrefixes.some((prefix) => reason.startsWith(prefix))) return 'failed';
  if (wasTransferred(call)) return 'completed';
  if (call.call_status === 'error') return 'failed';
  if (call.call_status === 'not_connected') return 'missed';
  return call.call_analysis?.in_voicemail ? 'voicemail' : 'completed';
}

/** Whether anyone, or a machine, picked up a call that is over: what Retell sends call_started for. */
export function wasConnected(call: RetellCall): boolean {
  if (call.call_status === 'not_connected') return false;
  const status = finalStatus(call);
  if (status === 'failed') return (call.duration_ms ?? 0) > 0;
  return status === 'completed' || status === 'voicemail';
}

/** The clock of a call that runs. The longer its transcript, the later. */
export function runningClock(call: RetellCall): Clock {
  const startMs = call.start_timestamp ?? 0;
  const spoken = spokenMs(call);
  return spoken === 0
    ? { rank: ranks.inProgress, at: startMs }
    : { rank: retellRanks.talking, at: startMs + spoken };
}

/** The clock of a call that is over, with or without its analysis. */
export function finalClock(call: RetellCall, isAnalyzed: boolean): Clock {
  const endMs = call.end_timestamp ?? call.start_timestamp ?? 0;
  if (call.transfer_end_timestamp === undefined) {
    return { rank: isAnalyzed ? ranks.analyzed : ranks.ended, at: endMs };
  }
  return {
    rank: isAnalyzed ? retellRanks.settledAndAnalyzed : retellRanks.settled,
    at: Math.max(endMs, call.transfer_end_timestamp),
  };
}
