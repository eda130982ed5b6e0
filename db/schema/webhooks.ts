import { sql } from 'drizzle-orm';
import { bigint, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const eventHeads = pgTable('event_heads', {
  companyId: uuid('company_id').primaryKey(),
  sequence: bigint('sequence', { mode: 'number' }).notNull().default(0),
});

export const webhookDeliveries = pgTable('webhook_deliveries', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  endpointId: uuid('endpoint_id').notNull(),
  eventId: uuid('event_id').notNull(),
  type: text('type').notNull(),
  body: text('body'),
  status: text('status').notNull().default('waiting'),
  attempts: integer('attempts').notNull().default(0),
  round: integer('round').notNull().default(0),
  nextAttemptAt: timestamp('next_attempt_at', { withTimezone: true }).notNull().defaultNow(),
  leasedUntil: timestamp('leased_until', { withTimezone: true }),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  finishedAt: timestamp('finished_at', { withTimezone: true }),
});

export const webhookAttempts = pgTable('webhook_attempts', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  deliveryId: uuid('delivery_id').notNull(),
  number: integer('number').notNull(),
  at: timestamp('at', { withTimezone: true }).notNull(),
  durationMs: integer('duration_ms').notNull(),
  status: integer('status'),
  error: text('error'),
  answer: text('answer'),
  signature: text('signature').notNull(),
});
