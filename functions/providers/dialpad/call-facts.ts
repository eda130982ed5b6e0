import { storable } from '#core/database/storable.ts';
import { isEntryLeg } from './conversation.ts';
import type { DialpadCall } from './event.ts';
import { known } from './known.ts';
import { isRecord, textOf } from './lenient.ts';

/**
 * Facts without a column. None is an address of a recording or a share link: details are shown to clients.
 * Figures that change during a call are told only once it has ended, so that the order of events makes no difference.
 */
export function detailsOf(call: DialpadCall): Record<string, unknown> {
  const scores = known({ csatScore: call.csat_score, pcsatScore: call.pcsat_score });
  if (!isEntryLeg(call)) return scores;
  const line = call.entry_point_target ?? call.target;
  const whole = known({
    contactId: call.contact?.id,
    contactName: call.contact?.name,
    lineId: line?.id,
    lineType: line?.type,
    lineName: line?.name,
    groupId: call.group_id,
    isInternal: call.is_internal || undefined,
    callbackRequested: call.callback_requested || undefined,
    masterCallId: call.master_call_id,
  });
  if (call.date_ended === undefined) return { ...whole, ...scores };
  const figures = known({
    talkTimeMs: call.talk_time,
    holdTimeMs: call.hold_time,
    totalDurationMs: call.total_duration,
    mosScore: call.mos_score,
    wasRecorded: call.was_recorded,
  });
  return { ...whole, ...scores, ...figures };
}

/** Under which field a state brings its fact, where that is not the state's own name. */
const aliases: Record<string, string[]> = {
  csat: ['csat_score'],
  pcsat: ['pcsat_score'],
  dispositions: ['disposition', 'disposition_name'],
  recap_action_items: ['action_items'],
  recap_outcome: ['outcome'],
  recap_purposes: ['purposes'],
};
/** These have columns of their own. */
const withColumn = new Set([
  'recap_summary',
  'recording',
  'admin_recording',
  'transcription',
  'call_transcription',
]);

/** Levels of what a client put into a call: what lies deeper is left out. */
const maxDepth = 8;

/** What a fact state is about: `recap_outcome` → `{ recapOutcome: … }`. Dialpad documents no shape: it is kept as it came. */
export function factOf(call: DialpadCall): Record<string, unknown> {
  const state = call.state ?? '';
  if (withColumn.has(state)) return {};
  const value = [state, ...(aliases[state] ?? [])].map((field) => call[field]).find(isSomething);
  if (value === undefined) return {};
  const key = state.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return { [key]: storable(value, maxDepth) };
}

function isSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** The text of a recap, which comes as text, as an object with its text, or as a list of either. */
export function recapTextOf(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    return textOf(
      value
        .map(recapTextOf)
        .filter((text) => text !== undefined)
        .join('\n'),
    );
  }
  if (!isRecord(value)) return textOf(value);
  return textOf(value.text) ?? textOf(value.content) ?? textOf(value.summary);
}

/** The client's own `custom_data`: JSON objects as they are, anything else under `customData`. */
export function metadataOf(call: DialpadCall): Record<string, unknown> {
  const value = call.custom_data;
  if (isRecord(value)) return asRecord(storable(value, maxDepth));
  const text = textOf(value);
  if (text === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return asRecord(storable(parsed, maxDepth));
  } catch {
    // not JSON: the text is the value
  }
  return { customData: text };
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
