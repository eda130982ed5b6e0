import { sql } from 'drizzle-orm';
import { jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bytea } from './types.ts';

export const providerLinks = pgTable('provider_links', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id'),
  provider: text('provider').notNull(),
  kind: text('kind').notNull(),
  externalId: text('external_id').notNull(),
  secret: text('secret'),
  proof: text('proof'),
  provedAt: timestamp('proved_at', { withTimezone: true }),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
});

export const providerHooks = pgTable('provider_hooks', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id').notNull(),
  provider: text('provider').notNull(),
  externalId: text('external_id').notNull(),
  hookUrl: text('hook_url').notNull(),
  secret: text('secret').notNull(),
  subscriptions: jsonb('subscriptions').notNull().default([]),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  deletedAt: timestamp('deleted_at', { withTimezone: true }),
});

export const providerConnections = pgTable('provider_connections', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id').notNull(),
  provider: text('provider').notNull(),
  accessToken: text('access_token').notNull(),
  refreshToken: text('refresh_token'),
  expiresAt: timestamp('expires_at', { withTimezone: true }),
  scopes: text('scopes').notNull().default(''),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  connectedBy: uuid('connected_by'),
  connectedAt: timestamp('connected_at', { withTimezone: true }),
  refusedAt: timestamp('refused_at', { withTimezone: true }),
});

export const oauthStates = pgTable('oauth_states', {
  stateHash: bytea('state_hash').primaryKey(),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id').notNull(),
  provider: text('provider').notNull(),
  codeVerifier: text('code_verifier').notNull(),
  expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  browserHash: bytea('browser_hash'),
  begunBy: uuid('begun_by'),
});

export const userMappings = pgTable('user_mappings', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  appId: uuid('app_id').notNull(),
  provider: text('provider').notNull(),
  providerUserId: text('provider_user_id').notNull(),
  externalUserId: text('external_user_id').notNull(),
  name: text('name'),
  email: text('email'),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
});
