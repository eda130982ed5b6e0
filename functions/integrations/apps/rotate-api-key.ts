import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { findApp } from './shared/app-store.ts';
import { auditKeys, defaultScopes, endLiveKeys, IssuedKey, issueKey, Scopes } from './shared/keys.ts';

const longestGraceSeconds = 7 * 24 * 3600;

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/apps/:app_id/api-key',
  summary: 'Rotate the key of an app',
  description: 'Gives a new key and ends all older ones: at once, or after grace_seconds.',
  who: ['internal'],
  input: z.object({
    app_id: z.uuid(),
    grace_seconds: z
      .number()
      .int()
      .min(0)
      .max(longestGraceSeconds)
      .default(0)
      .describe('How long the older keys go on working.'),
    scopes: Scopes.optional().describe('By default those of the key that it replaces.'),
  }),
  output: IssuedKey.extend({
    replaced: z.array(
      z.object({
        key_id: z.uuid(),
        key_prefix: z.string(),
        works_until: z.iso.datetime().nullable().describe('Null: it ended with this answer.'),
      }),
    ),
  }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    return await ctx.dbAs('jobs', 'rotate the key of an app', async (tx) => {
      const app = await findApp(tx, input.app_id, 'lock');
      const [last] = await rowsOf<{ scopes: string }>(
        tx,
        sql`select array_to_json(scopes)::text as scopes from api_keys where app_id = ${app.id}::uuid order by id desc limit 1`,
      );
      const scopes =
        input.scopes ?? (last ? z.array(z.string()).parse(JSON.parse(last.scopes)) : defaultScopes);
      const ended = await endLiveKeys(tx, app.id, input.grace_seconds);
      const key = await issueKey(tx, app, scopes);
      const until = ended[0]?.works_until;
      await auditKeys(tx, ctx, app, [
        ...(input.grace_seconds === 0 ? ended : []).map(({ key_id }) => ({
          keyId: key_id,
          action: 'revoked' as const,
          reason: `replaced by ${key.prefix}`,
        })),
        {
          keyId: key.id,
          action: ended.length > 0 ? 'rotated' : 'created',
          reason:
            ended.length === 0
              ? null
              : `replaces ${ended.map(({ key_prefix }) => key_prefix).join(', ')}${until ? `, until ${until}` : ''}`,
        },
      ]);
      return {
        app_id: app.id,
        api_key: key.key,
        key_id: key.id,
        key_prefix: key.prefix,
        scopes: [...scopes],
        replaced: ended,
      };
    });
  },
});
