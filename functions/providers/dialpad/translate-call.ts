import { type Clock, ranks } from '#telephony/model/clocks.ts';
import type { CallFields, CallUpdate } from '#telephony/model/updates.ts';
import { detailsOf, factOf, metadataOf, recapTextOf } from './call-facts.ts';
import {
  type Conclusion,
  conclusionOf,
  conversationIdOf,
  endAndLength,
  entryTargetHandles,
  isEntryLeg,
  isoOf,
  momentOf,
  partiesAndTimes,
  personOf,
  recordingUrlOf,
  transferKeyOf,
  wasAnswered,
} from './conversation.ts';
import type { CallEvent } from './event.ts';
import { known } from './known.ts';
import { type Meaning, meaningOf } from './states.ts';

/**
 * What a call event says of its conversation. Most give one update; some things that an event tells happened at
 * another point of the call than the event itself (an operator's hangup tells when that operator had answered), and
 * are said with the clock of that point, in an update of their own. So the order of arrival makes no difference.
 */
export function translateCall(event: CallEvent): CallUpdate[] {
  const meaning = meaningOf(event.state);
  const conclusion = conclusionOf(event);
  const providerCallId = conversationIdOf(event);
  const clock = { rank: rankOf(event, meaning, conclusion), at: momentOf(event) };
  const updates: CallUpdate[] = [
    {
      kind: 'call',
      providerCallId,
      clock,
      fields: { ...fieldsOf(event, meaning), ...statusAt(clock, meaning, event, conclusion) },
      timeline: timelineOf(event),
    },
  ];
  const [main] = updates;
  if (main) addFacts(main, event, meaning);
  for (const claim of claimsElsewhere(event, meaning, conclusion, clock)) {
    if (main && sameClock(claim.clock, clock)) main.fields = { ...claim.fields, ...main.fields };
    else updates.push({ kind: 'call', providerCallId, ...claim });
  }
  return updates;
}

/** Operator legs stand just below the entry leg at each step, and administrators' recordings below the call's own. */
function rankOf(event: CallEvent, meaning: Meaning, conclusion: Conclusion | undefined): number {
  const entry = isEntryLeg(event);
  if (meaning.kind === 'fact') {
    return ranks.analyzed - (entry ? 0 : 1) - (event.state === 'admin_recording' ? 2 : 0);
  }
  if (meaning.kind === 'end' && conclusion) return conclusion.rank;
  if (meaning.kind === 'live' && meaning.status !== 'in_progress' && meaning.status !== 'on_hold') {
    // A caller rings first and queues then (date_rang ≤ date_queued), and may ring again: time decides between the
    // two. The phones that a queued caller makes ring say less than the caller's own leg.
    return entry ? ranks.ringing : ranks.queued;
  }
  return ranks.inProgress;
}

function statusAt(
  clock: Clock,
  meaning: Meaning,
  event: CallEvent,
  conclusion: Conclusion | undefined,
): CallFields {
  if (conclusion?.rank === clock.rank) return { status: conclusion.status, ...endOf(event, conclusion) };
  return meaning.kind === 'live' ? { status: meaning.status } : {};
}

function endOf(event: CallEvent, conclusion: Conclusion): CallFields {
  return {
    ...endAndLength(event),
    ...(conclusion.status === 'cancelled' ? { disconnectionReason: 'blocked' } : {}),
  };
}

function fieldsOf(event: CallEvent, meaning: Meaning): CallFields {
  const entry = isEntryLeg(event);
  const fields = partiesAndTimes(event);
  // An operator leg's fact outranks the entry leg's end, and must not settle whose call it was.
  if (meaning.kind === 'fact' && !entry) {
    for (const name of ['direction', 'from', 'to'] as const) delete fields[name];
  }
  const answeredAt = event.state === 'connected' ? isoOf(momentOf(event) || undefined) : undefined;
  return {
    ...known({ answeredAt }),
    ...fields,
    ...(tellsPerson(event, meaning) ? personOf(event) : {}),
    ...known({ recordingUrl: recordingUrlOf(event), tags: entry ? event.labels : undefined }),
  };
}

/** Whether the person on this leg is, at the very moment of the event, the one who handles the call. */
function tellsPerson(event: CallEvent, meaning: Meaning): boolean {
  if (!isEntryLeg(event)) return event.state === 'connected';
  return meaning.kind !== 'fact' && entryTargetHandles(event);
}

function addFacts(main: CallUpdate, event: CallEvent, meaning: Meaning): void {
  const isOfCall = event.state === 'call_transcription' || wasAnswered(event);
  Object.assign(
    main.fields,
    known({
      transcript: meaning.kind === 'fact' && isOfCall ? event.transcription_text : undefined,
      summary: recapTextOf(event.recap_summary),
    }),
  );
  const details = { ...detailsOf(event), ...(meaning.kind === 'fact' ? factOf(event) : {}) };
  if (Object.keys(details).length > 0) main.details = details;
  const metadata = metadataOf(event);
  if (Object.keys(metadata).length > 0) main.metadata = metadata;
  const transferKey = transferKeyOf(event);
  const announce: CallUpdate['announce'] = [];
  if (transferKey !== undefined) announce.push({ type: 'call.transferred', key: transferKey });
  if (event.state === 'recap_summary') announce.push({ type: 'call.analyzed', key: '' });
  if (announce.length > 0) main.announce = announce;
}

interface Claim {
  clock: Clock;
  fields: CallFields;
}

function claimsElsewhere(
  event: CallEvent,
  meaning: Meaning,
  conclusion: Conclusion | undefined,
  clock: Clock,
): Claim[] {
  const claims: Claim[] = [];
  // Who answered: at the time of answering, so that the first operator's late hangup takes nothing from the second.
  const person = personOf(event);
  const answeredAt = event.date_connected;
  const answeredHere = !isEntryLeg(event) || entryTargetHandles(event);
  if (
    answeredAt !== undefined &&
    answeredHere &&
    !tellsPerson(event, meaning) &&
    Object.keys(person).length > 0
  ) {
    claims.push({ clock: { rank: ranks.inProgress, at: answeredAt }, fields: person });
  }
  // How it ended: a fact that comes after an end whose own event was lost still tells of it.
  if (conclusion && conclusion.rank !== clock.rank) {
    const at = event.date_ended ?? clock.at;
    claims.push({
      clock: { rank: conclusion.rank, at },
      fields: { status: conclusion.status, ...endOf(event, conclusion) },
    });
  }
  return claims;
}

function sameClock(one: Clock, other: Clock): boolean {
  return one.rank === other.rank && one.at === other.at;
}

function timelineOf(event: CallEvent): NonNullable<CallUpdate['timeline']> {
  const data = known({
    targetId: event.target?.id,
    targetType: event.target?.type,
    targetName: event.target?.name,
    transferredFrom: event.transferred_from?.name ?? event.transferred_from?.id,
    csatScore: event.csat_score,
  });
  return {
    type: event.state,
    ...(isEntryLeg(event) ? {} : { legId: event.call_id }),
    ...(Object.keys(data).length > 0 ? { data } : {}),
  };
}
