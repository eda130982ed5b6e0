import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneRow } from '#core/database/rows.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { findApp } from './shared/app-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/internal/apps/:app_id/voicemails/:id',
  summary: 'Delete a voicemail of an app',
  description: 'It is shown nowhere any more. At the provider nothing changes, and its call stays.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid(), id: z.uuid() }),
  output: z.object({ id: z.uuid(), deleted_at: z.iso.datetime() }).meta({ id: 'DeletedAppVoicemail' }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    return await ctx.dbAs('jobs', 'delete a voicemail of an app', async (tx) => {
      const app = await findApp(tx, input.app_id);
      const deleted = await oneRow<{ id: string; deleted_at: string }>(
        tx,
        sql`update voicemails set deleted_at = now(), updated_at = now()
          where id = ${input.id}::uuid and company_id = ${app.companyId}::uuid and app_id = ${app.id}::uuid
            and deleted_at is null
          returning id, to_char(deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deleted_at`,
        'The app has no voicemail with this id.',
      );
      audit(tx, ctx, {
        companyId: app.companyId,
        action: 'voicemail.deleted',
        resource: { type: 'voicemail', id: deleted.id },
        after: { appId: app.id },
      });
      return deleted;
    });
  },
});
