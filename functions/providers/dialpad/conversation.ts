import type { Owner } from '#providers/provider.ts';
import { ranks } from '#telephony/model/clocks.ts';
import type { CallStatus } from '#telephony/model/status.ts';
import type { CallFields } from '#telephony/model/updates.ts';
import type { DialpadCall } from './event.ts';
import { known } from './known.ts';
import type { Recording } from './lenient.ts';
import { toE164 } from './phone-number.ts';

/*
 * What one Dialpad call_id says of the conversation it belongs to, whether an event or the call list tells it. One
 * conversation is many call_ids: the entry leg, which the customer is on from first to last, and an operator leg for
 * each person that it rings.
 */

/** Between `missed` and `voicemail`: a blocked caller's leg also hangs up unanswered, which must not make it missed. */
const blockedRank = ranks.missed + 5;

export function conversationIdOf(call: DialpadCall): string {
  return call.entry_point_call_id ?? call.call_id;
}

export function isEntryLeg(call: DialpadCall): boolean {
  return conversationIdOf(call) === call.call_id;
}

/** When somebody talked; a call that only an IVR or a voicemail took has no date_connected. */
export function wasAnswered(call: DialpadCall): boolean {
  return call.date_connected !== undefined || (call.talk_time ?? 0) > 0;
}

export function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

/** Epoch milliseconds of the event; where Dialpad leaves event_timestamp out, the date that belongs to its state. */
export function momentOf(
  call: Pick<
    DialpadCall,
    'event_timestamp' | 'state' | `date_${'started' | 'rang' | 'queued' | 'connected' | 'ended'}`
  >,
): number {
  const ofState: Record<string, number | undefined> = {
    calling: call.date_started,
    preanswer: call.date_started,
    ringing: call.date_rang,
    queued: call.date_queued,
    connected: call.date_connected,
  };
  return (
    call.event_timestamp ??
    ofState[call.state ?? ''] ??
    call.date_ended ??
    call.date_connected ??
    call.date_queued ??
    call.date_rang ??
    call.date_started ??
    0
  );
}

/** The facts that every leg and state may tell: who, and when it began and was answered. */
export function partiesAndTimes(call: DialpadCall): CallFields {
  const startedAt = isoOf(call.date_started);
  return known({ ...numbersOf(call), startedAt, answeredAt: isoOf(call.date_connected) });
}

function numbersOf(call: DialpadCall): CallFields {
  const entry = isEntryLeg(call);
  // An internal leg is a talk between colleagues: its numbers are not the customer's.
  if (!entry && call.is_internal) return {};
  const external = toE164(call.external_number) ?? toE164(call.contact?.phone);
  // An operator leg's internal number is the operator's own, not the one that was dialled.
  const internal = entry
    ? (toE164(call.internal_number) ?? toE164(call.target?.phone))
    : toE164(call.entry_point_target?.phone);
  if (call.direction === 'inbound') return known({ direction: call.direction, from: external, to: internal });
  if (call.direction === 'outbound')
    return known({ direction: call.direction, from: internal, to: external });
  return {};
}

/** The person on this leg. A department, office or call center handles nothing itself. */
export function personOf(call: DialpadCall): CallFields {
  if (call.target?.type !== 'user') return {};
  return known({ providerAgentId: call.target.id, agentName: call.target.name });
}

/** Whether the entry leg's own target can be the one who handled the call: it cannot once another leg has answered. */
export function entryTargetHandles(call: DialpadCall): boolean {
  const answeredElsewhere = call.operator_call_id !== undefined && call.operator_call_id !== call.call_id;
  return !answeredElsewhere && !wasTransferred(call);
}

function wasTransferred(call: DialpadCall): boolean {
  return call.is_transferred === true || call.transferred_from !== undefined;
}

/**
 * A key of its own for each transfer: the call_id of the leg that received the call, which both that leg and the entry
 * leg (by operator_call_id) know. A leg counts once it is answered, for a transfer to a group rings many.
 * master_call_id means a transfer only when it leads out of this conversation.
 */
export function transferKeyOf(call: DialpadCall): string | undefined {
  const master = call.master_call_id;
  const cameFromElsewhere =
    master !== undefined && master !== call.call_id && master !== conversationIdOf(call);
  if (!wasTransferred(call) && !cameFromElsewhere) {
    return call.state === 'merged' ? `merged:${master ?? call.operator_call_id ?? call.call_id}` : undefined;
  }
  if (isEntryLeg(call)) return call.operator_call_id ?? call.call_id;
  return call.date_connected === undefined && call.state !== 'connected' ? undefined : call.call_id;
}

export interface Conclusion {
  status: CallStatus;
  rank: number;
}

/**
 * How the conversation ended, as far as this leg may say. Only the entry leg may: an operator's missed or hangup is
 * one phone among several. Undefined where the conversation goes on or the call does not tell.
 * @param concluded True for the call list, which has only calls that are over.
 */
export function conclusionOf(call: DialpadCall, concluded = false): Conclusion | undefined {
  if (!isEntryLeg(call)) return undefined;
  const state = call.state;
  const saysEnd = state === 'hangup' || state === 'missed' || state === 'voicemail_uploaded';
  const ended = concluded || saysEnd || call.date_ended !== undefined;
  if (wasAnswered(call)) return ended ? { status: 'completed', rank: ranks.ended } : undefined;
  if (state === 'voicemail' || (ended && leftVoicemail(call))) {
    return { status: 'voicemail', rank: ranks.voicemail };
  }
  if (state === 'blocked') return { status: 'cancelled', rank: blockedRank };
  // A fact of an unanswered call (a transcription, a score) cannot tell a missed call from a voicemail.
  return concluded || saysEnd ? { status: 'missed', rank: ranks.missed } : undefined;
}

function leftVoicemail(call: DialpadCall): boolean {
  return (
    call.state === 'voicemail_uploaded' ||
    (call.voicemail_link ?? call.voicemail_share_link ?? call.voicemail_recording_id) !== undefined ||
    voicemailRecordingOf(call) !== undefined
  );
}

/** The end of the conversation and its length, in milliseconds; only from an entry leg that has ended. */
export function endAndLength(call: DialpadCall): CallFields {
  const ended = call.date_ended ?? (call.state === 'hangup' ? call.event_timestamp : undefined);
  if (ended === undefined) return {};
  const talked = call.date_connected === undefined ? undefined : Math.max(0, ended - call.date_connected);
  return known({ endedAt: isoOf(ended), durationMs: call.duration ?? talked });
}

/** The call's recording: the customer's own first, an administrator's (`admincallrecording`) only where it is the only one. */
export function recordingUrlOf(call: DialpadCall): string | undefined {
  const urlOfType = (type: string) =>
    call.recording_details.find((recording) => recording.type === type && recording.url)?.url;
  const isOfVoicemail = !wasAnswered(call) && leftVoicemail(call);
  return (
    urlOfType('callrecording') ??
    (isOfVoicemail ? undefined : call.recording_url?.[0]) ??
    call.call_recording_share_links?.[0] ??
    urlOfType('admincallrecording') ??
    call.admin_call_recording_share_links?.[0]
  );
}

export function voicemailRecordingOf(call: DialpadCall): Recording | undefined {
  return call.recording_details.find((recording) => recording.type === 'voicemail');
}

/** Whose call it may be, likeliest first: the company, the offices, the office that a group id `Office:<id>` names. */
export function ownersOf(call: {
  company_id?: string | undefined;
  office_id?: string | undefined;
  group_id?: string | undefined;
  target?: { id?: string | undefined; type?: string | undefined; officeId?: string | undefined } | undefined;
  entry_point_target?: { officeId?: string | undefined } | undefined;
}): Owner[] {
  const candidates = [
    call.company_id,
    call.office_id,
    call.target?.officeId,
    /^office:(\d+)$/i.exec(call.group_id ?? '')?.[1],
    call.target?.type === 'office' ? call.target.id : undefined,
    call.entry_point_target?.officeId,
  ].filter((id) => id !== undefined);
  return [...new Set(candidates)].map((externalId) => ({ kind: 'organization', externalId }));
}
