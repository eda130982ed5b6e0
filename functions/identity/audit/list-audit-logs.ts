import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, callersCompany, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { timeInput } from '#core/http/input.ts';
import { auditLogs } from '#db/schema/guards.ts';
import { ActorType } from './shared/actors.ts';

const State = z.record(z.string(), z.unknown()).nullable();

const AuditLog = z
  .object({
    id: z.uuid(),
    number: z.number().int().describe('1, 2, 3 … of the company, without a gap.'),
    at: z.iso.datetime(),
    action: z.string().describe('As `member.role_changed`.'),
    actor: z
      .object({
        type: ActorType,
        id: z.uuid().nullable(),
        name: z.string().nullable().describe('As it was then.'),
      })
      .meta({ id: 'AuditActor' }),
    ip: z.string().nullable().describe('Where the platform tells it.'),
    userAgent: z.string().nullable(),
    requestId: z.string().nullable().describe('The X-Request-Id of the answer to whoever did it.'),
    resource: z.object({ type: z.string(), id: z.string().nullable() }).meta({ id: 'AuditedResource' }),
    before: State.describe('What changed, as it was; without secrets.'),
    after: State.describe('What changed, as it is.'),
    digest: z.string().describe('SHA-256 of this entry and the digest before it, in hex.'),
    previousDigest: z.string().describe('`digest` of the entry before; empty for the first.'),
  })
  .meta({ id: 'AuditLogEntry' });

const shape = shapeOf(AuditLog, {
  id: auditLogs.id,
  number: auditLogs.number,
  at: auditLogs.at,
  action: auditLogs.action,
  actor: sql`json_build_object('type', ${auditLogs.actorType}, 'id', ${auditLogs.actorId}, 'name', ${auditLogs.actorName})`,
  ip: auditLogs.ip,
  userAgent: auditLogs.userAgent,
  requestId: auditLogs.requestId,
  resource: sql`json_build_object('type', ${auditLogs.resourceType}, 'id', ${auditLogs.resourceId})`,
  before: auditLogs.before,
  after: auditLogs.after,
  digest: sql`encode(${auditLogs.digest}, 'hex')`,
  previousDigest: sql`encode(${auditLogs.prevDigest}, 'hex')`,
});

const filter = z.string().min(1, 'must not be empty').max(200, 'may have at most 200 characters');

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/audit-logs',
  summary: 'List the changes in a company, newest first',
  description:
    'Entries are never changed or removed: each carries the digest of the one before, which GET /api/audit-logs/verify checks.',
  who: ['user'],
  permission: 'audit:read',
  input: pageInput.extend({
    action: filter.optional().describe('Only entries of this action, such as `webhook.created`.'),
    actorId: z.uuid().optional().describe('Of a person or a key.'),
    resourceType: filter.optional().describe('Only entries about this kind of thing, such as `webhook`.'),
    resourceId: filter.optional().describe('Only entries about the thing of this id.'),
    from: timeInput.optional().describe('At this time or later.'),
    to: timeInput.optional().describe('Before this time.'),
  }),
  output: AuditLog,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape,
      from: sql`${auditLogs}`,
      id: auditLogs.id,
      where: [
        callersCompany(auditLogs.companyId),
        equals(auditLogs.action, input.action),
        equals(auditLogs.actorId, input.actorId),
        equals(auditLogs.resourceType, input.resourceType),
        equals(auditLogs.resourceId, input.resourceId),
        since(auditLogs.at, input.from),
        before(auditLogs.at, input.to),
      ],
      // Ids know the millisecond, in which one transaction may write several entries.
      sort: { by: auditLogs.number, kind: 'integer' },
      identity: { list: 'audit logs', ...identity },
      input,
    });
  },
});
