import { sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const notifications = pgTable('notifications', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  userId: uuid('user_id').notNull(),
  dedupeKey: text('dedupe_key').notNull(),
  category: text('category').notNull(),
  type: text('type').notNull(),
  title: text('title').notNull(),
  message: text('message').notNull(),
  link: text('link'),
  data: jsonb('data').notNull().default({}),
  eventId: uuid('event_id'),
  isUrgent: boolean('is_urgent').notNull().default(false),
  readAt: timestamp('read_at', { withTimezone: true }),
  deletedAt: timestamp('deleted_at', { withTimezone: true }),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
});

export const notificationSends = pgTable('notification_sends', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  userId: uuid('user_id'),
  dedupeKey: text('dedupe_key').notNull(),
  channel: text('channel').notNull(),
  category: text('category').notNull(),
  type: text('type').notNull(),
  recipient: text('recipient'),
  status: text('status').notNull().default('waiting'),
  reason: text('reason'),
  error: text('error'),
  provider: text('provider'),
  providerMessageId: text('provider_message_id'),
  attempts: integer('attempts').notNull().default(0),
  eventId: uuid('event_id'),
  dueAt: timestamp('due_at', { withTimezone: true }).notNull().defaultNow(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  finishedAt: timestamp('finished_at', { withTimezone: true }),
});
