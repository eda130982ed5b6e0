import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const messages = pgTable('messages', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id'),
  provider: text('provider').notNull(),
  providerMessageId: text('provider_message_id').notNull(),
  direction: text('direction'),
  status: text('status').notNull(),
  fromNumber: text('from_number'),
  toNumbers: text('to_numbers').array().notNull().default([]),
  body: text('body'),
  mediaUrls: text('media_urls').array().notNull().default([]),
  errorCode: text('error_code'),
  providerAgentId: text('provider_agent_id'),
  sentAt: timestamp('sent_at', { withTimezone: true }).notNull(),
  stateRank: integer('state_rank').notNull(),
  stateAt: timestamp('state_at', { withTimezone: true }).notNull(),
  fieldClocks: jsonb('field_clocks').notNull().default({}),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
});
