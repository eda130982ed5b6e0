import type { ListedCall, ProviderAccount, ProviderHistory } from '#providers/history.ts';
import { ranks } from '#telephony/model/clocks.ts';
import type { CallFields, CallUpdate, Update } from '#telephony/model/updates.ts';
import { detailsOf, metadataOf } from './call-facts.ts';
import { dialpadClient } from './client.ts';
import {
  conclusionOf,
  conversationIdOf,
  endAndLength,
  entryTargetHandles,
  isEntryLeg,
  ownersOf,
  partiesAndTimes,
  personOf,
  recordingUrlOf,
  transferKeyOf,
  voicemailRecordingOf,
  wasAnswered,
} from './conversation.ts';
import type { DialpadCall } from './event.ts';
import { known } from './known.ts';
import { translateVoicemail } from './translate-voicemail.ts';

/**
 * Dialpad's own list of concluded calls, `GET /api/v2/call` (1 200 a minute; `GET /api/v2/call/{id}` has 10, so that
 * single calls are not fetched). Needs a company admin's key and the scope `calls:list`.
 */
export const dialpadHistory: ProviderHistory = {
  isAuthoritative: false,

  async *listCalls(account: ProviderAccount, period, filter) {
    const client = dialpadClient(account);
    // Dialpad's bounds are exclusive, the period is [from, to).
    const query = { startedAfter: period.from.getTime() - 1, startedBefore: period.to.getTime() };
    if (!filter?.agentIds) {
      for await (const page of client.listCalls(query)) yield page.map(listedCall);
      return;
    }
    for (const targetId of filter.agentIds) {
      const ofAgent = { ...query, targetType: 'user', targetId };
      for await (const page of client.listCalls(ofAgent)) yield page.map(listedCall);
    }
  },
};

/** A row of the list. Rows of operator legs are rows of the entry leg's conversation, and say only who answered. */
export function listedCall(row: DialpadCall): ListedCall {
  return {
    providerCallId: conversationIdOf(row),
    owners: ownersOf(row),
    update: isEntryLeg(row) ? entryUpdate(row) : operatorUpdate(row),
    isPartial: false,
    also: voicemailOf(row),
  };
}

/** The voicemail that the row tells of, under the id that its webhooks gave it; a row without that id tells of none. */
function voicemailOf(row: DialpadCall): Update[] {
  const isKnown = (row.voicemail_recording_id ?? voicemailRecordingOf(row)?.id) !== undefined;
  return isKnown ? translateVoicemail({ ...row, state: 'voicemail_uploaded' }) : [];
}

/** The end as the hangup event told it, at the time of hanging up: never later than that event's own clock. */
function entryUpdate(row: DialpadCall): CallUpdate {
  const conclusion = conclusionOf(row, true);
  const details = detailsOf(row);
  const metadata = metadataOf(row);
  return {
    kind: 'call',
    providerCallId: row.call_id,
    clock: { rank: conclusion?.rank ?? ranks.missed, at: row.date_ended ?? row.date_started ?? 0 },
    fields: {
      ...partiesAndTimes(row),
      ...(entryTargetHandles(row) ? personOf(row) : {}),
      ...endAndLength(row),
      ...known({
        status: conclusion?.status,
        disconnectionReason: conclusion?.status === 'cancelled' ? 'blocked' : undefined,
        transcript: wasAnswered(row) ? row.transcription_text : undefined,
        recordingUrl: recordingUrlOf(row),
        tags: row.labels,
      }),
    },
    ...(Object.keys(details).length > 0 ? { details } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...announcementOf(row),
  };
}

function operatorUpdate(row: DialpadCall): CallUpdate {
  const answeredAt = row.date_connected;
  const answered: CallFields =
    answeredAt === undefined ? {} : { ...personOf(row), ...known({ recordingUrl: recordingUrlOf(row) }) };
  return {
    kind: 'call',
    providerCallId: conversationIdOf(row),
    clock: {
      rank: answeredAt === undefined ? ranks.queued : ranks.inProgress,
      at: answeredAt ?? row.date_rang ?? row.date_started ?? 0,
    },
    fields: { ...partiesAndTimes(row), ...answered },
    ...announcementOf(row),
  };
}

function announcementOf(row: DialpadCall): Pick<CallUpdate, 'announce'> {
  const key = transferKeyOf(row);
  return key === undefined ? {} : { announce: [{ type: 'call.transferred', key }] };
}
