import { sql } from 'drizzle-orm';
import { boolean, cidr, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const companies = pgTable('companies', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  name: text('name').notNull(),
  timezone: text('timezone').notNull().default('UTC'),
  ipAllowlist: cidr('ip_allowlist').array(),
  language: text('language').notNull().default('en'),
  businessHours: jsonb('business_hours'),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  deletedAt: timestamp('deleted_at', { withTimezone: true }),
  managesSharedAccounts: boolean('manages_shared_accounts').notNull().default(false),
  ipAllowlistSetBy: uuid('ip_allowlist_set_by'),
  ipAllowlistSetAt: timestamp('ip_allowlist_set_at', { withTimezone: true }),
});
