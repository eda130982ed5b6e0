import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { linkByOperator } from '#identity/provider-accounts/public.ts';
import { DialpadId } from '#providers/dialpad/ids.ts';
import { RetellAgentId } from '#providers/retell/ids.ts';
import type { App } from './app-store.ts';

export const linkFields = {
  dialpad_org_id: DialpadId.optional().describe(
    'The Dialpad company or office: an event’s company_id, office_id or target.office_id.',
  ),
  retell_agent_ids: z.array(RetellAgentId).max(200).optional().describe('Retell agents, as agent_….'),
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
 * Links things at providers to the app, by an operator's word, and gives it the events that waited for that.
 * @returns how many these are.
 * @throws AppError CONFLICT when one of them is linked elsewhere; nothing may be kept of the transaction then.
 */
export async function linkToApp(
  tx: Tx,
  ctx: Context,
  app: App,
  wanted: readonly WantedLink[],
): Promise<number> {
  let matched = 0;
  for (const thing of things) {
    const ids = wanted.filter((link) => link.kind === thing.kind).map(({ externalId }) => externalId);
    if (ids.length === 0) continue;
    const claim = { ...thing, companyId: app.companyId, appId: app.id, ids };
    const linked = await linkByOperator(tx, ctx, claim);
    if (linked.refused.length > 0) throw await elsewhere(tx, thing, linked.refused);
    matched += linked.matched;
  }
  return matched;
}

const things = [
  { provider: 'dialpad', kind: 'organization' },
  { provider: 'retell', kind: 'agent' },
] as const;

async function elsewhere(
  tx: Tx,
  { provider, kind }: (typeof things)[number],
  ids: readonly string[],
): Promise<AppError> {
  const links = await rowsOf<{ external_id: string; owner: string }>(
    tx,
    sql`select external_id, coalesce('app ' || app_id, 'company ' || company_id) as owner from provider_links
      where provider = ${provider} and kind = ${kind} and external_id = any(${textArray(ids)}) order by external_id`,
  );
  const named = links.map(({ external_id, owner }) => `${provider} ${kind} ${external_id} (${owner})`);
  return new AppError('CONFLICT', {
    message: `Linked elsewhere already: ${named.join(', ')}. Remove that link first.`,
    details: links.map(({ external_id, owner }) => ({
      path: provider === 'dialpad' ? 'dialpad_org_id' : 'retell_agent_ids',
      message: `${external_id} is linked to ${owner}`,
    })),
  });
}
