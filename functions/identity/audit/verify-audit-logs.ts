import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { asJson, shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';

const Verification = z
  .object({
    entries: z.number().int().describe('How many there are.'),
    isIntact: z.boolean(),
    brokenAt: z
      .number()
      .int()
      .nullable()
      .describe('The number of the first entry that is altered, missing or out of place.'),
  })
  .meta({ id: 'AuditLogVerification' });

const shape = shapeOf(Verification, {
  entries: sql`c.entries`,
  isIntact: sql`c.broken_at is null`,
  brokenAt: sql`c.broken_at`,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/audit-logs/verify',
  summary: 'Verify that the audit log is complete and unaltered',
  description: 'Computes the digest of every entry anew.',
  who: ['user'],
  permission: 'audit:read',
  limit: 'strict',
  output: Verification,
  query: () =>
    oneOf(
      sql`select ${asJson(shape)} as item from private.check_audit_chain((select private.caller_company_id())) c`,
    ),
});
