import { ranks } from '#telephony/model/clocks.ts';
import type { VoicemailUpdate } from '#telephony/model/updates.ts';
import {
  conversationIdOf,
  isoOf,
  momentOf,
  partiesAndTimes,
  voicemailRecordingOf,
  wasAnswered,
} from './conversation.ts';
import type { CallEvent } from './event.ts';
import { known } from './known.ts';

/**
 * The voicemail that an event tells of, if any: its upload, its late transcription, or any other event of the call
 * that already knows its id. All of them name the same id, for every Dialpad event is a snapshot of the whole leg:
 * what the upload knew, the transcription knows.
 */
export function translateVoicemail(event: CallEvent): VoicemailUpdate[] {
  const providerVoicemailId = voicemailIdOf(event);
  if (providerVoicemailId === undefined) return [];
  const recording = voicemailRecordingOf(event);
  const transcribed = event.state === 'transcription' && event.transcription_text !== undefined;
  // An answered call that ended in a voicemail has a transcript of its own.
  const isOfVoicemail = transcribed || !wasAnswered(event);
  const at = momentOf(event);
  const { from, to } = partiesAndTimes(event);
  return [
    {
      kind: 'voicemail',
      providerVoicemailId,
      providerCallId: conversationIdOf(event),
      clock: { rank: transcribed ? ranks.analyzed : ranks.voicemail, at },
      fields: known({
        from,
        to,
        durationMs: recording?.durationMs,
        transcript: isOfVoicemail ? event.transcription_text : undefined,
        recordingUrl: (event.voicemail_link ?? event.voicemail_share_link)?.[0] ?? recording?.url,
        receivedAt: isoOf(recording?.startedAtMs ?? event.date_ended ?? (at > 0 ? at : undefined)),
      }),
    },
  ];
}

/** `<call_id>:vm` stands in where the app's scopes hide the recording from every event of the call. */
function voicemailIdOf(event: CallEvent): string | undefined {
  // While the caller speaks there is nothing to listen to, and the id may not be known yet.
  if (event.state === 'voicemail') return undefined;
  const id = event.voicemail_recording_id ?? voicemailRecordingOf(event)?.id;
  if (id !== undefined) return id;
  const late = event.state === 'transcription' && event.date_connected === undefined;
  return event.state === 'voicemail_uploaded' || (late && event.transcription_text !== undefined)
    ? `${event.call_id}:vm`
    : undefined;
}
