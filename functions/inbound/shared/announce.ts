import { type Announcement, type CallStatus, finalStatuses } from '#providers/provider.ts';
import type { StoredRow } from './rows.ts';

/** A line of the outbox. */
export interface OutboxEvent {
  company_id: string;
  app_id: string | null;
  type: string;
  subject_id: string;
  /** One event of a kind for each thing that happened, however often and in whatever order we hear of it. */
  dedupe_key: string;
  data: Record<string, unknown>;
  occurred_at: string;
}

interface Subject {
  id: string;
  companyId: string;
  appId: string | null;
  provider: string;
}

const money = (row: StoredRow) =>
  row.cost_amount === null || row.cost_amount === undefined
    ? null
    : { amount: Number(row.cost_amount), currency: row.cost_currency ?? null };

/** A call as events carry it: without the transcript, which is fetched by whoever wants it. */
function callData(row: StoredRow, subject: Subject): Record<string, unknown> {
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

/**
 * What is to be told of a call whose row changed. Every call that was heard of has started; one that reached a final
 * state was either missed (also when the caller left a voicemail) or completed.
 */
export function callEvents(
  row: StoredRow,
  subject: Subject,
  before: StoredRow | undefined,
  announced: readonly (Announcement & { at: number })[],
): OutboxEvent[] {
  const base = { company_id: subject.companyId, app_id: subject.appId, subject_id: subject.id };
  const data = callData(row, subject);
  const events: OutboxEvent[] = [];
  const add = (type: string, key: string, occurredAt: unknown) =>
    events.push({
      ...base,
      type,
      dedupe_key: key === '' ? `${type}:${subject.id}` : `${type}:${subject.id}:${key}`,
      data,
      occurred_at: String(occurredAt),
    });
  const status = row.status as CallStatus;
  if (!before && status !== 'scheduled') add('call.started', '', row.started_at);
  if (finalStatuses.has(status) && before?.status !== status) {
    const isMissed = status === 'missed' || status === 'voicemail';
    add(isMissed ? 'call.missed' : 'call.completed', '', row.ended_at ?? row.state_at);
  }
  for (const { type, key, at } of announced) add(type, key, new Date(at).toISOString());
  return events;
}

/** What is to be told of a message that is new to us. */
export function messageEvents(row: StoredRow, subject: Subject): OutboxEvent[] {
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
      occurred_at: String(row.sent_at),
    },
  ];
}

/** What is to be told of a voicemail that is new to us. */
export function voicemailEvents(row: StoredRow, subject: Subject): OutboxEvent[] {
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
      occurred_at: String(row.received_at),
    },
  ];
}
