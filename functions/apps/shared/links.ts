import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf, type Tx } from '#core/db.ts';
import { AppError } from '#core/errors.ts';
import { matchWaiting } from '../../inbound/public.ts';
import type { App } from './app-store.ts';

/** A provider's id of something: Dialpad's are numbers, which JSON may carry as such. */
export const externalId = z
  .union([z.string().trim(), z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).transform(String)])
  .pipe(z.string().min(1).max(200));

export const linkFields = {
  dialpad_org_id: externalId
    .optional()
    .describe('The Dialpad company or office: an event’s company_id, office_id or target.office_id.'),
  retell_agent_ids: z.array(externalId).max(200).optional().describe('Retell agents, as agent_….'),
};

interface WantedLink {
  provider: string;
  kind: string;
  externalId: string;
}

export function wantedLinks(given: {
  dialpad_org_id?: string | undefined;
  retell_agent_ids?: readonly string[] | undefined;
}): WantedLink[] {
  const agents = [...new Set(given.retell_agent_ids)].sort();
  return [
    ...(given.dialpad_org_id === undefined
      ? []
      : [{ provider: 'dialpad', kind: 'organization', externalId: given.dialpad_org_id }]),
    ...agents.map((id) => ({ provider: 'retell', kind: 'agent', externalId: id })),
  ];
}

/**
 * Links things at providers to the app, and gives it the events that waited for that.
 * @returns the ids of those events: wake the inbound queue with them after the commit.
 * @throws AppError CONFLICT when one of them is linked elsewhere; nothing may be kept of the transaction then.
 */
export async function linkToApp(tx: Tx, app: App, wanted: readonly WantedLink[]): Promise<string[]> {
  if (wanted.length === 0) return [];
  const records = wanted.map(({ provider, kind, externalId }) => ({
    provider,
    kind,
    external_id: externalId,
  }));
  const given = sql`jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r (provider text, kind text, external_id text)`;
  await rowsOf(
    tx,
    sql`insert into provider_links (company_id, app_id, provider, kind, external_id)
      select ${app.companyId}::uuid, ${app.id}::uuid, r.provider, r.kind, r.external_id from ${given}
      on conflict do nothing`,
  );
  const elsewhere = await rowsOf<{ provider: string; kind: string; external_id: string; owner: string }>(
    tx,
    sql`select l.provider, l.kind, l.external_id, coalesce('app ' || l.app_id, 'company ' || l.company_id) as owner
      from provider_links l join ${given} using (provider, kind, external_id)
      where l.app_id is distinct from ${app.id}::uuid order by l.provider, l.external_id`,
  );
  if (elsewhere.length > 0) {
    const named = elsewhere.map(
      ({ provider, kind, external_id, owner }) => `${provider} ${kind} ${external_id} (${owner})`,
    );
    throw new AppError('CONFLICT', {
      message: `Linked elsewhere already: ${named.join(', ')}. Remove that link first.`,
      details: elsewhere.map(({ provider, external_id, owner }) => ({
        path: provider === 'dialpad' ? 'dialpad_org_id' : 'retell_agent_ids',
        message: `${external_id} is linked to ${owner}`,
      })),
    });
  }
  const waiting: string[] = [];
  for (const provider of new Set(wanted.map((link) => link.provider))) {
    waiting.push(...(await matchWaiting(tx, provider)));
  }
  return waiting;
}
