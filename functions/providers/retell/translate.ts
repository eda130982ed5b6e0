import type { Clock } from '#telephony/model/clocks.ts';
import { ranks } from '#telephony/model/clocks.ts';
import type { Announcement, CallFields, CallUpdate } from '#telephony/model/updates.ts';
import {
  finalClock,
  finalStatus,
  isOver,
  retellRanks,
  runningClock,
  wasConnected,
  wasTransferred,
} from './call-stage.ts';
import { constantDetails, finalDetails } from './details.ts';
import { destinationOf, RetellCall, RetellEvent, type RetellEventName } from './event.ts';
import { decimalText, e164, isoTime, onlyKnown } from './plain-values.ts';
import { transcriptOf } from './transcript.ts';

/**
 * What a Retell webhook says of its call, as one update. Pure.
 * @throws {ZodError} when it is not an event of a voice call.
 */
export function translate(event: unknown): CallUpdate[] {
  const parsed = RetellEvent.parse(event);
  const call = {
    ...parsed.call,
    transcript_with_tool_calls: parsed.call.transcript_with_tool_calls ?? parsed.transcript_with_tool_calls,
  };
  return [{ ...updateOf(parsed.event, call), ...timelineOf(parsed) }];
}

/** When the event happened as far as the call's own timestamps tell, epoch ms; null where it has none. */
export function occurredAt(event: RetellEvent): number | null {
  return updateOf(event.event, event.call).clock.at || null;
}

/**
 * The same for a call as get-call or list-calls has it: the row that its webhooks would have made by now. What a list
 * item lacks (the transcript) is left alone. Accepts what the client returns, or Retell's JSON.
 * @throws {ZodError} when it is not a call.
 */
export function callUpdateFromCall(input: unknown): CallUpdate {
  const call = RetellCall.parse(input);
  if (isOver(call)) return finalUpdate(call, call.call_analysis !== undefined);
  const isRunning =
    call.call_status === 'ongoing' ||
    (call.call_status !== 'registered' && call.start_timestamp !== undefined);
  return isRunning ? runningUpdate(call, runningClock(call)) : queuedUpdate(call);
}

function updateOf(event: RetellEventName, call: RetellCall): CallUpdate {
  const { at } = runningClock(call);
  switch (event) {
    case 'call_started':
      return stepUpdate(call, { rank: ranks.inProgress, at: call.start_timestamp ?? 0 });
    case 'transcript_updated':
      return runningUpdate(call, { rank: retellRanks.talking, at });
    case 'transfer_started':
      return stepUpdate(call, { rank: retellRanks.transferStarted, at });
    case 'transfer_cancelled':
      return stepUpdate(call, { rank: retellRanks.transferCancelled, at });
    case 'transfer_bridged':
      return {
        ...stepUpdate(call, { rank: retellRanks.transferBridged, at }),
        announce: [transferred],
      };
    case 'call_ended':
      return finalUpdate(call, false);
    case 'call_analyzed':
      return finalUpdate(call, true);
    case 'transfer_ended':
      return finalUpdate(call, call.call_analysis !== undefined);
  }
}

/**
 * A Retell call is handed over at most once, because the agent leaves with it: attempts that are cancelled announce
 * nothing. One key for all, so that transfer_bridged (opt-in, names the destination) and call_ended (always sent,
 * names it for cold transfers only) announce the same transfer once.
 */
const transferred: Announcement = { type: 'call.transferred', key: '' };

/** What stays true all through a call. */
function constantFields(call: RetellCall): Unsure<CallFields> {
  return {
    direction: call.direction,
    from: e164(call.from_number),
    to: e164(call.to_number),
    providerAgentId: call.agent_id,
    agentName: call.agent_name,
    startedAt: isoTime(call.start_timestamp),
  };
}

function queuedUpdate(call: RetellCall): CallUpdate {
  const at = call.start_timestamp ?? 0;
  return update(call, { rank: ranks.queued, at }, { ...constantFields(call), status: 'queued' });
}

/**
 * A step of a running call. Two of its kind (the call was offered to two people) cannot always be ordered, so it tells
 * only what is the same in both.
 */
function stepUpdate(call: RetellCall, clock: Clock): CallUpdate {
  return update(call, clock, {
    ...constantFields(call),
    status: 'in_progress',
    answeredAt: isoTime(call.start_timestamp),
  });
}

function runningUpdate(call: RetellCall, clock: Clock): CallUpdate {
  const step = stepUpdate(call, clock);
  return { ...step, fields: { ...step.fields, ...onlyKnown({ transcript: transcriptOf(call) }) } };
}

function finalUpdate(call: RetellCall, isAnalyzed: boolean): CallUpdate {
  const analysis = call.call_analysis;
  const cost = decimalText(call.call_cost?.combined_cost);
  const fields: Unsure<CallFields> = {
    ...constantFields(call),
    status: finalStatus(call),
    answeredAt: wasConnected(call) ? isoTime(call.start_timestamp) : undefined,
    endedAt: isoTime(call.end_timestamp),
    durationMs: call.duration_ms === undefined ? undefined : Math.round(call.duration_ms),
    costAmount: cost,
    costCurrency: cost === undefined ? undefined : 'USD',
    transcript: transcriptOf(call),
    summary: analysis?.call_summary,
    sentiment: sentimentOf(analysis?.user_sentiment),
    successful: analysis?.call_successful,
    disconnectionReason: call.disconnection_reason,
    recordingUrl: call.recording_url ?? call.scrubbed_recording_url,
  };
  const announce: Announcement[] = [];
  if (wasTransferred(call)) announce.push(transferred);
  if (isAnalyzed) announce.push({ type: 'call.analyzed', key: '' });
  return {
    ...update(call, finalClock(call, isAnalyzed), fields, finalDetails(call)),
    ...(announce.length > 0 && { announce }),
  };
}

function update(
  call: RetellCall,
  clock: Clock,
  fields: Unsure<CallFields>,
  details: Record<string, unknown> = {},
): CallUpdate {
  const known = onlyKnown({ ...constantDetails(call), ...details });
  return {
    kind: 'call',
    providerCallId: call.call_id,
    clock,
    fields: onlyKnown<CallFields>(fields),
    ...(Object.keys(known).length > 0 && { details: known }),
    ...(call.metadata && Object.keys(call.metadata).length > 0 && { metadata: call.metadata }),
  };
}

/** Transcripts grow with every turn: a line for each would bury the rest of the timeline. */
function timelineOf(event: RetellEvent): Pick<CallUpdate, 'timeline'> {
  if (event.event === 'transcript_updated') return {};
  const { call } = event;
  const data = onlyKnown<Record<string, unknown>>({
    ...(event.event.startsWith('transfer_') && { destination: destinationOf(event) }),
    ...(event.event === 'call_ended' && {
      disconnectionReason: call.disconnection_reason,
      durationMs: call.duration_ms,
    }),
    ...(event.event === 'call_analyzed' && {
      sentiment: sentimentOf(call.call_analysis?.user_sentiment),
      successful: call.call_analysis?.call_successful,
    }),
  });
  return { timeline: { type: event.event, ...(Object.keys(data).length > 0 && { data }) } };
}

function sentimentOf(given: string | undefined): CallFields['sentiment'] {
  const lower = given?.toLowerCase();
  return lower === 'positive' || lower === 'neutral' || lower === 'negative' || lower === 'unknown'
    ? lower
    : undefined;
}

/** The fields of T, each of which may turn out to be unknown. */
type Unsure<T> = { [K in keyof T]: T[K] | undefined };
