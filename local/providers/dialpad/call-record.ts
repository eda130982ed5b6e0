import type { CallEventPayload } from './leg.ts';

/** A call as `GET /api/v2/call` lists it (schemas.call.CallProto): not the event's fields, nor the event's types. */
export type CallRecord = Record<string, unknown> & {
  call_id: number;
  date_started: number;
  entry_point_call_id?: number;
};

/** The rows that the events of one call leave in the list: one for each leg that has ended, as it last was. */
export function callRecords(events: readonly CallEventPayload[]): CallRecord[] {
  const last = new Map<number, CallEventPayload>();
  for (const event of events) last.set(event.call_id, event);
  return [...last.values()].filter((event) => event.date_ended !== null).map(callRecord);
}

function callRecord(event: CallEventPayload): CallRecord {
  const links = Array.isArray(event.call_recording_ids) ? event.call_recording_ids : [];
  const fields = {
    call_id: event.call_id,
    date_started: Number(event.date_started),
    state: typeof event.date_connected === 'number' ? 'hangup' : event.state,
    direction: event.direction,
    contact: withTextId(event.contact),
    target: withTextId(event.target),
    entry_point_target: withTextId(event.entry_point_target),
    external_number: event.external_number,
    internal_number: event.internal_number,
    date_rang: event.date_rang,
    date_connected: event.date_connected,
    date_ended: event.date_ended,
    duration: event.duration,
    total_duration: event.total_duration,
    entry_point_call_id: event.entry_point_call_id ?? undefined,
    operator_call_id: event.operator_call_id,
    master_call_id: event.master_call_id,
    group_id: event.group_id,
    is_transferred: event.is_transferred,
    csat_score: event.csat_score,
    mos_score: event.mos_score,
    labels: event.labels,
    was_recorded: event.was_recorded,
    recording_details: event.recording_details,
    call_recording_share_links: links.map((id) => `https://dialpad.com/shared/call/${id}`),
    voicemail_share_link: event.voicemail_link,
    transcription_text: event.transcription_text,
    custom_data: event.custom_data,
    event_timestamp: event.event_timestamp,
  };
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  // Safe: the three fields that the type promises are numbers, or left out where they may be.
  return Object.fromEntries(entries) as CallRecord;
}

function withTextId(party: unknown): unknown {
  if (typeof party !== 'object' || party === null || !('id' in party)) return undefined;
  return { ...party, id: String(party.id) };
}
