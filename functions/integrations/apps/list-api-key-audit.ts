import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { equals } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { apiKeyAudit } from '#db/schema/apps.ts';
import { ofApp } from './shared/app-store.ts';
import { keyActions } from './shared/key-actions.ts';

const Action = z.enum(keyActions).meta({ id: 'AppKeyAction' });

const AuditEntry = z
  .object({
    id: z.uuid(),
    action: Action,
    key_id: z.uuid().nullable(),
    key_prefix: z.string().nullable(),
    reason: z.string().nullable(),
    ip: z.string().nullable().describe('The caller’s address, where the platform tells it.'),
    at: z.iso.datetime(),
  })
  .meta({ id: 'AppKeyAuditEntry' });

const shape = shapeOf(AuditEntry, {
  id: apiKeyAudit.id,
  action: apiKeyAudit.action,
  key_id: apiKeyAudit.keyId,
  key_prefix: sql`(select k.prefix from api_keys k where k.id = ${apiKeyAudit.keyId})`,
  reason: apiKeyAudit.reason,
  ip: apiKeyAudit.ip,
  at: apiKeyAudit.at,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps/:app_id/api-key/audit',
  summary: 'List the audit log of an app’s keys, newest first',
  description: 'Every key made, rotated and revoked, and every use that was refused.',
  who: ['internal'],
  input: pageInput.extend({
    app_id: z.uuid(),
    action: Action.optional().describe('Only entries of this action.'),
    key_id: z.uuid().optional().describe('Only entries about this key.'),
  }),
  output: AuditEntry,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape,
      from: sql`${apiKeyAudit}`,
      id: apiKeyAudit.id,
      where: [
        sql`${apiKeyAudit.appId} = ${input.app_id}::uuid`,
        equals(apiKeyAudit.action, input.action),
        equals(apiKeyAudit.keyId, input.key_id),
      ],
      sort: { by: apiKeyAudit.id, kind: 'id' },
      identity: { list: 'key audit', ...identity },
      input,
    });
    return ofApp(input.app_id, list);
  },
});
