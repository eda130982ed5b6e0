import { sql } from 'drizzle-orm';
import { integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bytea } from './types.ts';

export const knownDevices = pgTable('known_devices', {
  tokenHash: bytea('token_hash').primaryKey(),
  userId: uuid('user_id').notNull(),
  userAgent: text('user_agent'),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  lastUsedAt: timestamp('last_used_at', { withTimezone: true }).notNull().defaultNow(),
});

export const signInTries = pgTable(
  'sign_in_tries',
  {
    account: bytea('account').notNull(),
    device: bytea('device').notNull(),
    tries: integer('tries').notNull().default(0),
    lockedUntil: timestamp('locked_until', { withTimezone: true }),
    toldAt: timestamp('told_at', { withTimezone: true }),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.account, table.device] })],
);

export const loginAttempts = pgTable('login_attempts', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  account: bytea('account').notNull(),
  userId: uuid('user_id'),
  ip: text('ip'),
  userAgent: text('user_agent'),
  outcome: text('outcome').notNull(),
  at: timestamp('at', { withTimezone: true }).notNull().defaultNow(),
});

export const passwordResets = pgTable('password_resets', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  userId: uuid('user_id').notNull(),
  tokenHash: bytea('token_hash').notNull(),
  codeHash: bytea('code_hash').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  usedAt: timestamp('used_at', { withTimezone: true }),
});

export const emailVerifications = pgTable('email_verifications', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  userId: uuid('user_id').notNull(),
  emailNormal: text('email_normal').notNull(),
  sessionId: uuid('session_id'),
  tokenHash: bytea('token_hash').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  usedAt: timestamp('used_at', { withTimezone: true }),
});

export const phoneCodes = pgTable('phone_codes', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  userId: uuid('user_id').notNull(),
  phone: text('phone').notNull(),
  codeHash: bytea('code_hash').notNull(),
  tries: integer('tries').notNull().default(0),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  usedAt: timestamp('used_at', { withTimezone: true }),
});
