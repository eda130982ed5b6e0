import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { apps } from '#db/schema/apps.ts';
import { App, appShape } from './shared/app.ts';
import { findApp } from './shared/app-store.ts';
import { linkFields, linkToApp, wantedLinks } from './shared/links.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/apps/:app_id/links',
  summary: 'Link a Dialpad organization or Retell agents to an app',
  description:
    'What is linked to this app already stays so. Events that waited for one of the links are processed now.',
  who: ['internal'],
  input: z
    .object({ app_id: z.uuid(), ...linkFields })
    .refine((given) => wantedLinks(given).length > 0, 'give dialpad_org_id, retell_agent_ids or both'),
  output: App.extend({ events_matched: z.int32() }).meta({ id: 'AppWithNewLinks' }),
  errors: ['NOT_FOUND', 'CONFLICT'],
  async handle({ ctx, input }) {
    const { app, matched } = await ctx.dbAs('jobs', 'link things at providers to an app', async (tx) => {
      const found = await findApp(tx, input.app_id, 'lock');
      const matched = await linkToApp(tx, ctx, found, wantedLinks(input));
      const shown = await itemOf(
        tx,
        App,
        sql`select ${asJson(appShape)} as item from ${apps} where ${apps.id} = ${found.id}::uuid`,
      );
      audit(tx, ctx, {
        companyId: found.companyId,
        action: 'app.linked',
        resource: { type: 'app', id: found.id },
        after: { links: wantedLinks(input) },
      });
      return { app: shown, matched };
    });
    return { ...app, events_matched: matched };
  },
});
