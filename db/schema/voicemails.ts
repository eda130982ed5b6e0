import { sql } from 'drizzle-orm';
import { bigint, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const voicemails = pgTable('voicemails', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id'),
  callId: uuid('call_id'),
  provider: text('provider').notNull(),
  providerVoicemailId: text('provider_voicemail_id').notNull(),
  providerCallId: text('provider_call_id').notNull(),
  fromNumber: text('from_number'),
  toNumber: text('to_number'),
  durationMs: bigint('duration_ms', { mode: 'number' }),
  transcript: text('transcript'),
  recordingUrl: text('recording_url'),
  receivedAt: timestamp('received_at', { withTimezone: true }).notNull(),
  heardAt: timestamp('heard_at', { withTimezone: true }),
  deletedAt: timestamp('deleted_at', { withTimezone: true }),
  stateRank: integer('state_rank').notNull(),
  stateAt: timestamp('state_at', { withTimezone: true }).notNull(),
  fieldClocks: jsonb('field_clocks').notNull().default({}),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
});
