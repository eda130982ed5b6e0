import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { findApp } from './shared/app-store.ts';
import { auditKeys, keyIsLive } from './shared/keys.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/apps/:app_id/api-key/revoke',
  summary: 'Revoke the keys of an app, or one of them, at once',
  description: 'Revoking what does not work any more changes nothing and succeeds.',
  who: ['internal'],
  input: z.object({
    app_id: z.uuid(),
    key_id: z.uuid().optional().describe('Only this key; by default all that work.'),
    reason: z.string().trim().min(1).max(150).optional().describe('For the audit.'),
  }),
  output: z.object({
    app_id: z.uuid(),
    revoked: z.number().int(),
    keys: z.array(z.object({ key_id: z.uuid(), key_prefix: z.string() })).describe('Those that ended now.'),
  }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    return await ctx.dbAs('jobs', 'revoke the keys of an app', async (tx) => {
      const app = await findApp(tx, input.app_id, 'lock');
      const chosen = input.key_id === undefined ? sql`true` : sql`id = ${input.key_id}::uuid`;
      const ofApp = sql`app_id = ${app.id}::uuid and ${chosen}`;
      const keys = await rowsOf<{ key_id: string; key_prefix: string }>(
        tx,
        sql`update api_keys set revoked_at = clock_timestamp() where ${ofApp} and ${keyIsLive}
          returning id as key_id, prefix as key_prefix`,
      );
      if (keys.length === 0 && input.key_id !== undefined) {
        const known = await rowsOf(tx, sql`select 1 from api_keys where ${ofApp}`);
        if (known.length === 0)
          throw new AppError('NOT_FOUND', { message: 'The app has no key with this key_id.' });
      }
      await auditKeys(
        tx,
        ctx,
        app,
        keys.map(({ key_id }) => ({ keyId: key_id, action: 'revoked', reason: input.reason ?? null })),
      );
      return { app_id: app.id, revoked: keys.length, keys };
    });
  },
});
