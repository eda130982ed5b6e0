import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { apps } from '#db/schema/apps.ts';
import { App, appShape } from './shared/app.ts';
import { requireCompany } from './shared/app-store.ts';
import { auditKeys, defaultScopes, IssuedKey, issueKey, Scopes } from './shared/keys.ts';
import { linkFields, linkToApp, wantedLinks } from './shared/links.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/apps',
  summary: 'Create an app, with a key and its links',
  description:
    'With company_id the app belongs to that company. Without it, a new company of the same name is made, and its id is in the answer (company_id). Events that waited for one of the links are processed now.',
  who: ['internal'],
  input: z.object({
    name: z.string().trim().min(1).max(200),
    company_id: z.uuid().optional(),
    ...linkFields,
    scopes: Scopes.optional().describe('What the key may do; by default all reading and writing.'),
  }),
  output: App.extend(IssuedKey.shape)
    .extend({
      events_matched: z.int32().describe('Events that had waited for one of the links.'),
    })
    .meta({ id: 'NewApp' }),
  status: 201,
  errors: ['NOT_FOUND', 'CONFLICT'],
  async handle({ ctx, input }) {
    const made = await ctx.dbAs('jobs', 'make an app for a company', async (tx) => {
      const companyId = await companyOf(tx, input);
      const app = { id: await insertApp(tx, companyId, input.name), companyId, name: input.name };
      const scopes = input.scopes ?? defaultScopes;
      const key = await issueKey(tx, app, scopes);
      await auditKeys(tx, ctx, app, [{ keyId: key.id, action: 'created', reason: null }]);
      const matched = await linkToApp(tx, ctx, app, wantedLinks(input));
      const shown = await itemOf(
        tx,
        App,
        sql`select ${asJson(appShape)} as item from ${apps} where ${apps.id} = ${app.id}::uuid`,
      );
      audit(tx, ctx, {
        companyId,
        action: 'app.created',
        resource: { type: 'app', id: app.id },
        after: { name: input.name, scopes: [...scopes], links: wantedLinks(input) },
      });
      return { app: shown, key, scopes, matched };
    });
    return {
      ...made.app,
      api_key: made.key.key,
      key_id: made.key.id,
      key_prefix: made.key.prefix,
      scopes: [...made.scopes],
      events_matched: made.matched,
    };
  },
});

async function companyOf(tx: Tx, input: { name: string; company_id?: string | undefined }): Promise<string> {
  if (input.company_id !== undefined) {
    await requireCompany(tx, input.company_id);
    return input.company_id;
  }
  const [row] = await rowsOf<{ id: string }>(
    tx,
    sql`insert into companies (name) values (${input.name}) returning id`,
  );
  return row?.id ?? '';
}

async function insertApp(tx: Tx, companyId: string, name: string): Promise<string> {
  const [row] = await rowsOf<{ id: string }>(
    tx,
    sql`insert into apps (company_id, name) values (${companyId}::uuid, ${name}) returning id`,
  );
  return row?.id ?? '';
}
