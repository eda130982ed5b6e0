import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { asJson, shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { apiKeys } from '#db/schema/apps.ts';
import { ofApp } from './shared/app-store.ts';

const Key = z
  .object({
    key_id: z.uuid(),
    key_prefix: z.string(),
    status: z
      .enum(['live', 'ending', 'expired', 'revoked'])
      .describe('ending: replaced, and works until expires_at.'),
    scopes: z.array(z.string()),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable().describe('To the minute.'),
    expires_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'AppKey' });

const shape = shapeOf(Key, {
  key_id: apiKeys.id,
  key_prefix: apiKeys.prefix,
  status: sql`case when ${apiKeys.revokedAt} is not null then 'revoked'
    when ${apiKeys.expiresAt} <= now() then 'expired' when ${apiKeys.expiresAt} is not null then 'ending' else 'live' end`,
  scopes: apiKeys.scopes,
  created_at: apiKeys.createdAt,
  last_used_at: apiKeys.lastUsedAt,
  expires_at: apiKeys.expiresAt,
  revoked_at: apiKeys.revokedAt,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps/:app_id/api-key/status',
  summary: 'List the keys of an app, newest first',
  description:
    'Whether each works, until when, and when it was last used. The keys themselves are not shown.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid() }),
  output: z
    .object({
      app_id: z.uuid(),
      has_live_key: z.boolean(),
      keys: z.array(Key).describe('The newest hundred; the audit has all.'),
    })
    .meta({ id: 'AppKeyStatus' }),
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    ofApp(input.app_id, {
      statements: [
        sql`select ${asJson(shape)} as item, ${apiKeys.revokedAt} is null and (${apiKeys.expiresAt} is null or ${apiKeys.expiresAt} > now()) as works
          from ${apiKeys} where ${apiKeys.appId} = ${input.app_id}::uuid order by ${apiKeys.id} desc limit 100`,
      ],
      reply([keys = []]) {
        const hasLive = keys.some(({ works }) => works === true);
        const items = keys.map(({ item }) => item).join(',');
        return {
          body: `{"success":true,"data":{"app_id":"${input.app_id}","has_live_key":${hasLive},"keys":[${items}]}}`,
        };
      },
    }),
});
