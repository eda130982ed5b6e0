import { sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const companySettings = pgTable('company_settings', {
  companyId: uuid('company_id').primaryKey(),
  general: jsonb('general').notNull().default({}),
  notifications: jsonb('notifications').notNull().default({}),
  voice: jsonb('voice').notNull().default({}),
  ai: jsonb('ai').notNull().default({}),
  integrations: jsonb('integrations').notNull().default({}),
  quotas: jsonb('quotas').notNull().default({}),
  updatedAt: timestamp('updated_at', { withTimezone: true }),
  updatedBy: uuid('updated_by'),
});

export const companyIntegrationSecrets = pgTable(
  'company_integration_secrets',
  {
    companyId: uuid('company_id').notNull(),
    integration: text('integration').notNull(),
    name: text('name').notNull(),
    secret: text('secret').notNull(),
    hint: text('hint'),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
    updatedBy: uuid('updated_by'),
  },
  (table) => [primaryKey({ columns: [table.companyId, table.integration, table.name] })],
);

export const userPreferences = pgTable('user_preferences', {
  userId: uuid('user_id').primaryKey(),
  display: jsonb('display').notNull().default({}),
  notifications: jsonb('notifications').notNull().default({}),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
});

export const webhookEndpoints = pgTable('webhook_endpoints', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  url: text('url').notNull(),
  events: text('events').array().notNull().default(['*']),
  description: text('description'),
  secret: text('secret').notNull(),
  isActive: boolean('is_active').notNull().default(true),
  createdBy: uuid('created_by'),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  disabledAt: timestamp('disabled_at', { withTimezone: true }),
  disabledReason: text('disabled_reason'),
  host: text('host').notNull(),
  headers: text('headers'),
  headerNames: text('header_names').array().notNull().default([]),
  previousSecret: text('previous_secret'),
  rotationEndsAt: timestamp('rotation_ends_at', { withTimezone: true }),
  failures: integer('failures').notNull().default(0),
  failingSince: timestamp('failing_since', { withTimezone: true }),
  pausedUntil: timestamp('paused_until', { withTimezone: true }),
  toldAt: timestamp('told_at', { withTimezone: true }),
  urlBy: uuid('url_by'),
  urlAt: timestamp('url_at', { withTimezone: true }),
  headersBy: uuid('headers_by'),
  headersAt: timestamp('headers_at', { withTimezone: true }),
  secretBy: uuid('secret_by'),
  secretAt: timestamp('secret_at', { withTimezone: true }),
});
