import { isAfterEnd } from '#telephony/model/clocks.ts';
import type { MergeRules } from './merge.ts';

/** A column that updates are merged into, by the field name that updates use. */
interface TargetColumn {
  field: string;
  column: string;
  type: 'text' | 'text[]' | 'timestamptz' | 'bigint' | 'numeric' | 'boolean' | 'jsonb' | 'uuid';
}

/** A table whose rows are merged from updates. */
export interface Target {
  kind: 'call' | 'message' | 'voicemail';
  table: 'calls' | 'messages' | 'voicemails';
  /** The column with the provider's id: unique with company and provider. */
  key: string;
  columns: readonly TargetColumn[];
  /** Columns that are never null: while no update knows the field, this stands in, and is marked as standing in. */
  standIns: { status?: (rank: number) => string; anchor: string };
  /** Objects merged key by key. */
  objects: readonly string[];
  rules: MergeRules;
}

const column = (field: string, name: string, type: TargetColumn['type'] = 'text'): TargetColumn => ({
  field,
  column: name,
  type,
});

export const callTarget: Target = {
  kind: 'call',
  table: 'calls',
  key: 'provider_call_id',
  columns: [
    column('direction', 'direction'),
    column('status', 'status'),
    column('from', 'from_number'),
    column('to', 'to_number'),
    column('providerAgentId', 'provider_agent_id'),
    column('agentName', 'agent_name'),
    column('startedAt', 'started_at', 'timestamptz'),
    column('answeredAt', 'answered_at', 'timestamptz'),
    column('endedAt', 'ended_at', 'timestamptz'),
    column('durationMs', 'duration_ms', 'bigint'),
    column('costAmount', 'cost_amount', 'numeric'),
    column('costCurrency', 'cost_currency'),
    column('transcript', 'transcript'),
    column('summary', 'summary'),
    column('sentiment', 'sentiment'),
    column('successful', 'successful', 'boolean'),
    column('disconnectionReason', 'disconnection_reason'),
    column('recordingUrl', 'recording_url'),
    column('tags', 'tags', 'text[]'),
    column('metadata', 'metadata', 'jsonb'),
    column('details', 'details', 'jsonb'),
  ],
  standIns: { status: (rank) => (isAfterEnd(rank) ? 'completed' : 'queued'), anchor: 'startedAt' },
  objects: ['metadata', 'details'],
  rules: { earliest: new Set(['startedAt', 'answeredAt']), latest: new Set(['endedAt']) },
};

export const messageTarget: Target = {
  kind: 'message',
  table: 'messages',
  key: 'provider_message_id',
  columns: [
    column('direction', 'direction'),
    column('status', 'status'),
    column('from', 'from_number'),
    column('to', 'to_numbers', 'text[]'),
    column('body', 'body'),
    column('mediaUrls', 'media_urls', 'text[]'),
    column('errorCode', 'error_code'),
    column('providerAgentId', 'provider_agent_id'),
    column('sentAt', 'sent_at', 'timestamptz'),
  ],
  standIns: { status: () => 'queued', anchor: 'sentAt' },
  objects: [],
  rules: { earliest: new Set(['sentAt']), latest: new Set() },
};

export const voicemailTarget: Target = {
  kind: 'voicemail',
  table: 'voicemails',
  key: 'provider_voicemail_id',
  columns: [
    column('providerCallId', 'provider_call_id'),
    column('from', 'from_number'),
    column('to', 'to_number'),
    column('durationMs', 'duration_ms', 'bigint'),
    column('transcript', 'transcript'),
    column('recordingUrl', 'recording_url'),
    column('receivedAt', 'received_at', 'timestamptz'),
  ],
  standIns: { anchor: 'receivedAt' },
  objects: [],
  rules: { earliest: new Set(['receivedAt']), latest: new Set() },
};
