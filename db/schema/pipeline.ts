import { sql } from 'drizzle-orm';
import { bigint, integer, json, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const inboundEvents = pgTable('inbound_events', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  provider: text('provider').notNull(),
  dedupeKey: text('dedupe_key').notNull(),
  companyId: uuid('company_id'),
  appId: uuid('app_id'),
  type: text('type').notNull(),
  occurredAt: timestamp('occurred_at', { withTimezone: true }),
  payload: json('payload').notNull(),
  headers: jsonb('headers').notNull().default({}),
  owners: jsonb('owners').notNull().default([]),
  receivedAt: timestamp('received_at', { withTimezone: true }).notNull().defaultNow(),
  status: text('status').notNull(),
  attempts: integer('attempts').notNull().default(0),
  nextAttemptAt: timestamp('next_attempt_at', { withTimezone: true }).notNull().defaultNow(),
  processedAt: timestamp('processed_at', { withTimezone: true }),
  error: text('error'),
});

export const outbox = pgTable('outbox', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id'),
  type: text('type').notNull(),
  subjectId: uuid('subject_id').notNull(),
  dedupeKey: text('dedupe_key').notNull(),
  data: json('data').notNull(),
  occurredAt: timestamp('occurred_at', { withTimezone: true }).notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  dispatchedAt: timestamp('dispatched_at', { withTimezone: true }),
  sequence: bigint('sequence', { mode: 'number' }),
});

export const retellSyncs = pgTable('retell_syncs', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  trigger: text('trigger').notNull(),
  status: text('status').notNull(),
  agentIds: text('agent_ids').array(),
  periodFrom: timestamp('period_from', { withTimezone: true }).notNull(),
  periodTo: timestamp('period_to', { withTimezone: true }).notNull(),
  callsSynced: integer('calls_synced').notNull().default(0),
  callsUpdated: integer('calls_updated').notNull().default(0),
  errors: integer('errors').notNull().default(0),
  error: text('error'),
  doneUntil: timestamp('done_until', { withTimezone: true }),
  failedIds: text('failed_ids').array().notNull().default([]),
  startedAt: timestamp('started_at', { withTimezone: true }).notNull().defaultNow(),
  heartbeatAt: timestamp('heartbeat_at', { withTimezone: true }).notNull().defaultNow(),
  finishedAt: timestamp('finished_at', { withTimezone: true }),
});

export const completenessChecks = pgTable('completeness_checks', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id'),
  provider: text('provider').notNull(),
  periodFrom: timestamp('period_from', { withTimezone: true }).notNull(),
  periodTo: timestamp('period_to', { withTimezone: true }).notNull(),
  listed: integer('listed').notNull(),
  missing: integer('missing').notNull(),
  unfinished: integer('unfinished').notNull(),
  filled: integer('filled').notNull(),
  failed: integer('failed').notNull(),
  missingIds: text('missing_ids').array().notNull().default([]),
  error: text('error'),
  at: timestamp('at', { withTimezone: true }).notNull().defaultNow(),
});

export const processingTallies = pgTable('processing_tallies', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  provider: text('provider').notNull(),
  processed: integer('processed').notNull(),
  failed: integer('failed').notNull(),
  latencyMsSum: bigint('latency_ms_sum', { mode: 'number' }).notNull(),
  latencyBuckets: bigint('latency_buckets', { mode: 'number' }).array().notNull(),
  at: timestamp('at', { withTimezone: true }).notNull().defaultNow(),
});
