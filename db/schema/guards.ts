import { sql } from 'drizzle-orm';
import {
  bigint,
  doublePrecision,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytea } from './types.ts';

export const rateLimits = pgTable('rate_limits', {
  key: text('key').primaryKey(),
  tat1: doublePrecision('tat1').notNull(),
  tat2: doublePrecision('tat2').notNull(),
});

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    scope: text('scope').notNull(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    fingerprint: bytea('fingerprint').notNull(),
    attempt: uuid('attempt').notNull(),
    startedAt: timestamp('started_at', { withTimezone: true }).notNull().defaultNow(),
    effectAt: timestamp('effect_at', { withTimezone: true }),
    answeredAt: timestamp('answered_at', { withTimezone: true }),
    answer: text('answer'),
  },
  (table) => [primaryKey({ columns: [table.scope, table.route, table.key] })],
);

export const auditLogs = pgTable('audit_logs', {
  id: uuid('id').primaryKey().default(sql`private.uuid_v7()`),
  companyId: uuid('company_id').notNull(),
  number: bigint('number', { mode: 'number' }).notNull(),
  at: timestamp('at', { withTimezone: true }).notNull().defaultNow(),
  action: text('action').notNull(),
  actorType: text('actor_type').notNull(),
  actorId: uuid('actor_id'),
  actorName: text('actor_name'),
  ip: text('ip'),
  userAgent: text('user_agent'),
  requestId: text('request_id'),
  resourceType: text('resource_type').notNull(),
  resourceId: text('resource_id'),
  before: jsonb('before'),
  after: jsonb('after'),
  prevDigest: bytea('prev_digest').notNull(),
  digest: bytea('digest').notNull(),
});

export const auditHeads = pgTable('audit_heads', {
  companyId: uuid('company_id').primaryKey(),
  number: bigint('number', { mode: 'number' }).notNull(),
  digest: bytea('digest').notNull(),
});
