import { sql } from 'drizzle-orm/sql';
import { asJson } from '#core/database/shape.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { userMappings } from '#db/schema/provider-links.ts';
import type { App } from '../../apps/public.ts';
import { Mapping, type MappingFields, mappingShape, provider } from './mapping.ts';

/**
 * Keeps the mappings, all in one statement; one that is there already takes the new ids, and keeps name and e-mail
 * where none is given. No Dialpad user may come twice.
 */
export async function keepMappings(
  tx: Tx,
  app: App,
  given: readonly MappingFields[],
): Promise<{ mapping: Mapping; isNew: boolean }[]> {
  if (given.length === 0) return [];
  const rows = await rowsOf<{ item: string; is_new: boolean }>(
    tx,
    sql`insert into ${userMappings} (company_id, app_id, provider, provider_user_id, external_user_id, name, email)
      select ${app.companyId}::uuid, ${app.id}::uuid, ${provider}, r.dialpad_user_id, r.user_id, r.name, r.email
      from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
        as r (dialpad_user_id text, user_id text, name text, email text)
      order by r.dialpad_user_id
      on conflict (app_id, provider, provider_user_id) do update set external_user_id = excluded.external_user_id,
        name = coalesce(excluded.name, ${userMappings.name}), email = coalesce(excluded.email, ${userMappings.email})
      returning ${asJson(mappingShape)} as item, xmax = 0 as is_new`,
  );
  return rows.map(({ item, is_new }) => ({ mapping: Mapping.parse(JSON.parse(item)), isNew: is_new }));
}
