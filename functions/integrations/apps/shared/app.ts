import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { isoTime, shapeOf } from '#core/database/shape.ts';
import { apps } from '#db/schema/apps.ts';
import { ownerKinds } from '#providers/provider.ts';

/** By whose word a thing at a provider is a company's. A database test holds the list against `provider_links.proof`. */
export const linkProofs = ['operator', 'provider'] as const;

export const Link = z
  .object({
    link_id: z.uuid(),
    provider: z.string().describe('dialpad, retell, twilio, …'),
    kind: z.enum(ownerKinds),
    external_id: z.string().describe('The provider’s own id of it.'),
    proof: z
      .enum(linkProofs)
      .nullable()
      .describe(
        'By whose word it is the app’s: an operator’s, or the own account’s at the provider. Null: nothing comes in by it.',
      ),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AppLink' });

export const App = z
  .object({
    app_id: z.uuid(),
    company_id: z.uuid(),
    company_name: z.string(),
    name: z.string(),
    links: z.array(Link).describe('What at a provider is this app’s: its events and calls come in for it.'),
    live_keys: z.int32().describe('Keys that work now; two during the grace of a rotation.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'App' });

export const appShape = shapeOf(App, {
  app_id: apps.id,
  company_id: apps.companyId,
  company_name: sql`(select c.name from companies c where c.id = ${apps.companyId})`,
  name: apps.name,
  links: sql`(select coalesce(json_agg(json_build_object('link_id', l.id, 'provider', l.provider, 'kind', l.kind,
      'external_id', l.external_id, 'proof', l.proof, 'created_at', ${isoTime(sql`l.created_at`)}) order by l.id), '[]')
    from provider_links l where l.company_id = ${apps.companyId} and l.app_id = ${apps.id})`,
  live_keys: sql`(select count(*) from api_keys k
    where k.app_id = ${apps.id} and k.revoked_at is null and (k.expires_at is null or k.expires_at > now()))`,
  created_at: apps.createdAt,
  updated_at: apps.updatedAt,
});

/** Conditions of an app of a company that was not deleted. */
export const companyIsThere = sql`exists (select from companies c where c.id = ${apps.companyId} and c.deleted_at is null)`;
