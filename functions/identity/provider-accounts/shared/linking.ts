import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { retryOnConflict, rowsOf, type Tx } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { lostOf } from './asking.ts';
import type { Claim, Held, Thing } from './claim.ts';
import { matchWaiting } from './waiting-events.ts';

/** One error for what is not proved, is somebody else's, or is not there: nobody learns which. */
export const notProved = (path: string) =>
  new AppError('OWNERSHIP_NOT_PROVED', {
    details: [{ path, message: 'is not listed by your own account at the provider, or is in use already' }],
  });

/** Thrown out of a transaction: others hold these, and their own accounts must be asked before it is run again. */
export class Contested extends Error {
  readonly thing: Thing;
  readonly held: readonly Held[];
  /** The field of the request that names it. */
  readonly path: string;
  constructor(thing: Thing, held: readonly Held[], path: string) {
    super('Others hold what is claimed.');
    this.thing = thing;
    this.held = held;
    this.path = path;
  }
}

interface Outcome {
  external_id: string;
  outcome: 'made' | 'had' | 'moved' | 'contested' | 'refused';
  from_company_id: string | null;
}

export interface Linked {
  /** Those that are the company's now. */
  ids: string[];
  /** Those that stay somebody else's. */
  refused: string[];
  contested: Held[];
  /** How many events waited for the links. */
  matched: number;
}

/** Notes what was linked in the company's log, and what moved in the log of the company that had it. */
function note(tx: Tx, ctx: Context, claim: Claim, rows: readonly Outcome[], action: string): void {
  const { provider, kind, companyId, appId } = claim;
  const fresh = rows.filter(({ outcome }) => outcome === 'made' || outcome === 'moved');
  if (fresh.length === 0) return;
  const idsOf = (of: readonly Outcome[]) => of.map(({ external_id }) => external_id);
  const holders = new Set(fresh.map(({ from_company_id }) => from_company_id).filter((id) => id !== null));
  const entries = [
    { companyId, action, ids: idsOf(fresh), isOwn: true },
    ...[...holders].map((holder) => {
      const moved = fresh.filter(({ from_company_id }) => from_company_id === holder);
      return { companyId: holder, action: 'provider_links.lost', ids: idsOf(moved), isOwn: false };
    }),
  ].sort((a, b) => (a.companyId < b.companyId ? -1 : 1)); // the logs are locked in one order
  for (const entry of entries) {
    const links = { provider, kind, ids: entry.ids };
    audit(tx, ctx, {
      companyId: entry.companyId,
      action: entry.action,
      resource: { type: 'provider_link', id: entry.ids.length === 1 ? entry.ids[0] : undefined },
      ...(entry.isOwn
        ? { after: { ...links, appId } }
        : { before: links, actor: 'another company' as const }),
    });
  }
}

async function settled(tx: Tx, claim: Claim, rows: readonly Outcome[]): Promise<Linked> {
  const by = (...outcomes: Outcome['outcome'][]) => rows.filter(({ outcome }) => outcomes.includes(outcome));
  const isNew = by('made', 'moved').length > 0;
  return {
    ids: by('made', 'had', 'moved').map(({ external_id }) => external_id),
    refused: by('refused').map(({ external_id }) => external_id),
    contested: by('contested').map((row) => ({
      externalId: row.external_id,
      companyId: row.from_company_id ?? '',
    })),
    matched: isNew ? await matchWaiting(tx, claim.provider) : 0,
  };
}

/**
 * Links what the company's own account lists: see provedIds. What another company has proved by its own account stays
 * contested, unless `lost` names it. Runs in a transaction of the service.
 */
export async function linkByProof(
  tx: Tx,
  ctx: Context,
  claim: Claim,
  lost: readonly Held[],
): Promise<Linked> {
  const { companyId, appId, provider, kind, ids } = claim;
  const rows = await rowsOf<Outcome>(
    tx,
    sql`select * from private.link_by_proof(${companyId}::uuid, ${appId}::uuid, ${provider}, ${kind},
      ${textArray(ids)}, ${JSON.stringify(lost)}::jsonb)`,
  );
  note(tx, ctx, claim, rows, 'provider_links.proved');
  return await settled(tx, claim, rows);
}

/** Links by the word of an operator or a platform admin. What another company or app has proved is refused. */
export async function linkByOperator(tx: Tx, ctx: Context, claim: Claim): Promise<Linked> {
  const { companyId, appId, provider, kind, ids } = claim;
  const rows = await rowsOf<Outcome>(
    tx,
    sql`select * from private.link_by_operator(${companyId}::uuid, ${appId}::uuid, ${provider}, ${kind},
      ${textArray(ids)})`,
  );
  note(tx, ctx, claim, rows, 'provider_links.made');
  return await settled(tx, claim, rows);
}

/** As often as holders are asked: each time, somebody else may have come to hold what is claimed. */
const maxRounds = 3;

/**
 * Runs a transaction that links by proof, and again after the holders of what it found contested were asked.
 * @throws AppError OWNERSHIP_NOT_PROVED where a holder's own account lists it still.
 */
export async function untilDecided<T>(ctx: Context, run: (lost: readonly Held[]) => Promise<T>): Promise<T> {
  let lost: Held[] = [];
  for (let round = 1; ; round++) {
    try {
      return await retryOnConflict(() => run(lost));
    } catch (error) {
      if (!(error instanceof Contested)) throw error;
      const gone = await lostOf(ctx, error.thing, error.held);
      if (gone.length < error.held.length || round === maxRounds) throw notProved(error.path);
      lost = [...lost, ...gone];
    }
  }
}
