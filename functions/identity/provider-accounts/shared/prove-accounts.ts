import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { audit } from '#core/security/audit.ts';
import { inParallel } from '#core/work/in-parallel.ts';
import { twilioClient } from '#providers/twilio/client.ts';
import { lostOf, provedOf } from './asking.ts';
import type { Claim, Thing } from './claim.ts';
import { heeding } from './dialpad-account.ts';
import { linkByProof } from './linking.ts';
import { listAgents, organizationsOf } from './listing.ts';
import { ownRetell, provingDialpad, provingTwilio } from './own-accounts.ts';

/** What accounts of one company listed. */
export interface Listing {
  thing: Thing;
  /** To be linked: by app, null for the company's own key. */
  toLink: { appId: string | null; ids: string[] }[];
  /** All that was listed; undefined where an account did not answer, or not to the end. */
  all: string[] | undefined;
  /** The database's clock, before the accounts were asked. */
  askedAt: string;
}

/** The database's clock, ISO 8601. */
export async function databaseTime(ctx: Context): Promise<string> {
  const [row] = await ctx.readAs<{ at: string }>(
    'pipeline',
    'read the clock',
    sql`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
  );
  return row?.at ?? '';
}

/**
 * Links what a company's own accounts list, as far as nobody else has proved it, and marks as unproved what they list
 * no longer.
 * @throws ProviderError when the deployment's own account, which goes before, could not be asked.
 */
export async function keepListing(ctx: Context, companyId: string, listing: Listing): Promise<void> {
  const { thing, all, askedAt } = listing;
  for (const { appId, ids } of listing.toLink) {
    const claim: Claim = { ...thing, companyId, appId, ids };
    const known = await ctx.readAs<{ external_id: string }>(
      'pipeline',
      'see which links of a company are proved',
      sql`select external_id from provider_links where company_id = ${companyId}::uuid and proof is not null
        and provider = ${thing.provider} and kind = ${thing.kind} and external_id = any(${textArray(ids)})`,
    );
    const have = new Set(known.map(({ external_id }) => external_id));
    const fresh = await provedOf(
      ids.filter((id) => !have.has(id)),
      claim,
    );
    const wanted = { ...claim, ids: [...have, ...fresh] };
    if (wanted.ids.length === 0) continue;
    const linked = await ctx.dbAs('pipeline', 'link what a company’s own account lists', (tx) =>
      linkByProof(tx, ctx, wanted, []),
    );
    const lost = await lostOf(ctx, thing, linked.contested);
    if (lost.length === 0) continue;
    await ctx.dbAs('pipeline', 'link what another company’s account lists no longer', (tx) =>
      linkByProof(tx, ctx, { ...claim, ids: lost.map(({ externalId }) => externalId) }, lost),
    );
  }
  if (all) await doubt(ctx, companyId, thing, all, askedAt);
}

async function doubt(
  ctx: Context,
  companyId: string,
  { provider, kind }: Thing,
  listed: readonly string[],
  askedAt: string,
): Promise<void> {
  await ctx.dbAs('pipeline', 'mark as unproved what a company’s own account lists no longer', async (tx) => {
    const rows = await rowsOf<{ external_id: string }>(
      tx,
      sql`select external_id from private.doubt_links(${companyId}::uuid, ${provider}, ${kind}, ${textArray(listed)},
        ${askedAt}::timestamptz)`,
    );
    if (rows.length === 0) return;
    audit(tx, ctx, {
      companyId,
      action: 'provider_links.unproved',
      resource: { type: 'provider_link' },
      before: { provider, kind, ids: rows.map(({ external_id }) => external_id) },
      actor: 'system',
    });
  });
}

async function retellListing(ctx: Context, companyId: string, askedAt: string): Promise<Listing | undefined> {
  const account = await ownRetell(ctx, companyId);
  if (!account) return undefined;
  const { agents, isWhole } = await listAgents(account);
  const ids = [...agents.keys()];
  const thing = { provider: 'retell', kind: 'agent' } as const;
  return { thing, toLink: [{ appId: null, ids }], all: isWhole ? ids : undefined, askedAt };
}

/** Of an organization, the Dialpad company is linked; its offices once somebody asks for them. */
async function dialpadListing(
  ctx: Context,
  companyId: string,
  askedAt: string,
): Promise<Listing | undefined> {
  const accesses = await provingDialpad(ctx, companyId);
  if (accesses.length === 0) return undefined;
  const toLink: Listing['toLink'] = [];
  let all: string[] | undefined = [];
  for (const { appId, account } of accesses) {
    try {
      const ask = async () => await organizationsOf(await account());
      const own = await (appId === null ? ask() : heeding(ctx, appId, ask));
      toLink.push({ appId, ids: [own.companyId] });
      all?.push(...own.ids);
    } catch (error) {
      all = undefined;
      ctx.log.warn({ companyId, appId, err: error }, 'a Dialpad account did not say what it is of');
    }
  }
  return { thing: { provider: 'dialpad', kind: 'organization' }, toLink, all, askedAt };
}

/** Numbers are linked when somebody asks for them; here it is seen whether they are still there. */
async function twilioListing(ctx: Context, companyId: string, askedAt: string): Promise<Listing | undefined> {
  const account = await provingTwilio(ctx, companyId);
  if (!account) return undefined;
  const all = await twilioClient(account, { timeoutMs: 5_000, maxAttempts: 2 }).listNumbers();
  return { thing: { provider: 'twilio', kind: 'number' }, toLink: [], all, askedAt };
}

/**
 * Asks a company's own accounts what they list, and keeps its links in step. What one provider fails at is logged, and
 * keeps the links as they are.
 */
export async function proveAccounts(ctx: Context, companyId: string): Promise<void> {
  const askedAt = await databaseTime(ctx);
  for (const ask of [retellListing, dialpadListing, twilioListing]) {
    try {
      const listing = await ask(ctx, companyId, askedAt);
      if (listing) await keepListing(ctx, companyId, listing);
    } catch (error) {
      ctx.log.warn({ companyId, err: error }, 'a company’s own account at a provider could not be asked');
    }
  }
}

const atOnce = 6;

/** Asks the accounts of these companies, until the time is up. */
export async function proveAll(ctx: Context, companyIds: readonly string[], endAt: number): Promise<void> {
  await inParallel(companyIds, atOnce, async (id) => {
    if (Date.now() < endAt) await proveAccounts(ctx, id);
  });
}
