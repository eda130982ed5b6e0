import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const jobs = pgTable('jobs', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id'),
  userId: uuid('user_id'),
  kind: text('kind').notNull(),
  queue: text('queue').notNull().default('jobs'),
  payload: text('payload'),
  status: text('status').notNull().default('waiting'),
  attempts: integer('attempts').notNull().default(0),
  taken: integer('taken').notNull().default(0),
  nextAttemptAt: timestamp('next_attempt_at', { withTimezone: true }).notNull().defaultNow(),
  progress: jsonb('progress'),
  error: text('error'),
  result: jsonb('result'),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  doneAt: timestamp('done_at', { withTimezone: true }),
});

export const devMailbox = pgTable('dev_mailbox', {
  id: uuid('id').primaryKey(),
  toAddress: text('to_address').notNull(),
  subject: text('subject').notNull(),
  text: text('text').notNull(),
  html: text('html').notNull(),
  at: timestamp('at', { withTimezone: true }).notNull().defaultNow(),
});
