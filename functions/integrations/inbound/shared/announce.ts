import type { TelephonyEventData, TelephonyEventType } from '#telephony/model/events.ts';
import { type CallStatus, isFinal, wasMissed } from '#telephony/model/status.ts';
import type { Announcement } from '#telephony/model/updates.ts';
import type { StoredRow } from './rows.ts';

/** A line of the outbox. */
export type OutboxEvent = { [T in TelephonyEventType]: OutboxLine<T> }[TelephonyEventType];

interface OutboxLine<T extends TelephonyEventType> {
  company_id: string;
  app_id: string | null;
  type: T;
  subject_id: string;
  /** One event of a kind for each thing that happened, however often and in any order we hear of it. */
  dedupe_key: string;
  data: TelephonyEventData[T];
  occurred_at: string;
}

interface Subject {
  id: string;
  companyId: string;
  appId: string | null;
  provider: string;
}

type CallData = TelephonyEventData['call.started'];
type CallEventType = Extract<TelephonyEventType, `call.${string}`>;

/** Of a stored call, what events tell. */
interface CallRow {
  provider_call_id: string;
  direction: CallData['direction'];
  status: CallStatus;
  from_number: string | null;
  to_number: string | null;
  agent_id?: string | null;
  provider_agent_id: string | null;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  state_at: string;
  duration_ms: number | null;
  cost_amount?: string | null;
  cost_currency?: string | null;
  summary: string | null;
  sentiment: string | null;
  successful: boolean | null;
  disconnection_reason: string | null;
  tags: string[];
  metadata: Record<string, unknown>;
}

/** Of a stored message. */
interface MessageRow {
  provider_message_id: string;
  direction: string | null;
  from_number: string | null;
  to_numbers: string[];
  body: string | null;
  media_urls: string[];
  sent_at: string;
}

/** Of a stored voicemail. */
interface VoicemailRow {
  call_id?: string | null;
  provider_call_id: string;
  from_number: string | null;
  to_number: string | null;
  duration_ms: number | null;
  received_at: string;
}

/** A row whose columns hold what translators gave, whose fields are typed, or stand-ins of the same types. */
const typed = <R extends CallRow | MessageRow | VoicemailRow>(row: StoredRow): R => row as unknown as R;

const money = ({ cost_amount, cost_currency }: CallRow): CallData['cost'] =>
  cost_amount === null || cost_amount === undefined
    ? null
    : { amount: Number(cost_amount), currency: cost_currency ?? null };

/** A call as events carry it: without the transcript, which a receiver fetches where it wants it. */
function callData(row: CallRow, subject: Subject): CallData {
  return {
    id: subject.id,
    provider: subject.provider,
    providerCallId: row.provider_call_id,
    direction: row.direction,
    status: row.status,
    from: row.from_number,
    to: row.to_number,
    agentId: row.agent_id ?? null,
    providerAgentId: row.provider_agent_id,
    startedAt: row.started_at,
    answeredAt: row.answered_at,
    endedAt: row.ended_at,
    durationMs: row.duration_ms,
    cost: money(row),
    summary: row.summary,
    sentiment: row.sentiment,
    successful: row.successful,
    disconnectionReason: row.disconnection_reason,
    tags: row.tags,
    metadata: row.metadata,
  };
}

/** As what a call's end is told. Undefined before the end. */
const endOf = ({ status, direction }: CallRow): 'call.missed' | 'call.completed' | undefined => {
  if (!isFinal(status)) return undefined;
  return wasMissed(status, direction) ? 'call.missed' : 'call.completed';
};

/**
 * What is to be told of a call whose row changed. Every call that was heard of has started, unless it is only planned;
 * one that reached a final state was either missed (somebody called us and nobody answered, also when they left a
 * voicemail) or completed. An end that turns out to be the other one is told as that, too.
 */
export function callEvents(
  stored: StoredRow,
  subject: Subject,
  before: StoredRow | undefined,
  announced: readonly (Announcement & { at: number })[],
): OutboxEvent[] {
  const row = typed<CallRow>(stored);
  const base = { company_id: subject.companyId, app_id: subject.appId, subject_id: subject.id };
  const data = callData(row, subject);
  const events: OutboxEvent[] = [];
  const add = (type: CallEventType, key: string, occurredAt: string) =>
    events.push({
      ...base,
      type,
      dedupe_key: key === '' ? `${type}:${subject.id}` : `${type}:${subject.id}:${key}`,
      data,
      occurred_at: occurredAt,
    });
  const { status } = row;
  if (status !== 'scheduled' && (!before || before.status === 'scheduled'))
    add('call.started', '', row.started_at);
  const end = endOf(row);
  if (end && (before?.status !== status || end !== endOf(typed<CallRow>(before))))
    add(end, '', row.ended_at ?? row.state_at);
  for (const { type, key, at } of announced) add(type, key, new Date(at).toISOString());
  return events;
}

/** What is to be told of a message that is new to us. */
export function messageEvents(stored: StoredRow, subject: Subject): OutboxEvent[] {
  const row = typed<MessageRow>(stored);
  if (row.direction !== 'inbound') return [];
  return [
    {
      company_id: subject.companyId,
      app_id: subject.appId,
      subject_id: subject.id,
      type: 'message.received',
      dedupe_key: `message.received:${subject.id}`,
      data: {
        id: subject.id,
        provider: subject.provider,
        providerMessageId: row.provider_message_id,
        from: row.from_number,
        to: row.to_numbers,
        body: row.body,
        mediaUrls: row.media_urls,
        sentAt: row.sent_at,
      },
      occurred_at: row.sent_at,
    },
  ];
}

/** What is to be told of a voicemail that is new to us. */
export function voicemailEvents(stored: StoredRow, subject: Subject): OutboxEvent[] {
  const row = typed<VoicemailRow>(stored);
  return [
    {
      company_id: subject.companyId,
      app_id: subject.appId,
      subject_id: subject.id,
      type: 'voicemail.received',
      dedupe_key: `voicemail.received:${subject.id}`,
      data: {
        id: subject.id,
        provider: subject.provider,
        callId: row.call_id ?? null,
        providerCallId: row.provider_call_id,
        from: row.from_number,
        to: row.to_number,
        durationMs: row.duration_ms,
        receivedAt: row.received_at,
      },
      occurred_at: row.received_at,
    },
  ];
}
