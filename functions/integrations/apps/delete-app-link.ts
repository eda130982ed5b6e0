import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneRow } from '#core/database/rows.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { findApp } from './shared/app-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/internal/apps/:app_id/links/:link_id',
  summary: 'Remove a link of an app',
  description:
    'Calls that came in by it stay the app’s. New events of it wait as unmatched, or go to the default company, until it is linked again.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid(), link_id: z.uuid() }),
  output: z
    .object({ link_id: z.uuid(), provider: z.string(), kind: z.string(), external_id: z.string() })
    .meta({ id: 'DeletedAppLink' }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    return await ctx.dbAs('jobs', 'remove a link of an app', async (tx) => {
      const app = await findApp(tx, input.app_id);
      const link = await oneRow<{
        link_id: string;
        provider: string;
        kind: string;
        external_id: string;
      }>(
        tx,
        sql`delete from provider_links where id = ${input.link_id}::uuid and company_id = ${app.companyId}::uuid
            and app_id = ${app.id}::uuid
          returning id as link_id, provider, kind, external_id`,
        'The app has no link with this link_id.',
      );
      audit(tx, ctx, {
        companyId: app.companyId,
        action: 'app.unlinked',
        resource: { type: 'app', id: app.id },
        before: link,
      });
      return link;
    });
  },
});
