import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { inParallel } from '#core/work/in-parallel.ts';
import type { ListedCall, ProviderAccount, ProviderHistory } from '#providers/history.ts';
import type { Update } from '#telephony/model/updates.ts';
import {
  applyUpdates,
  compareCalls,
  type OwnedUpdate,
  RowsAppeared,
  type Standing,
} from '../../inbound/public.ts';

/** Whose a call is that nobody's link names. */
export interface FallbackOwner {
  companyId: string;
  appId: string | null;
}

/** A call that the provider listed and that somebody here owns. */
export interface ReconciledCall {
  providerCallId: string;
  companyId: string;
  appId: string | null;
  /** Where our row stood before. */
  standing: Standing;
  /** Whether it was missing or behind, and could not be taken. */
  hasFailed: boolean;
  /** Whether it was over before the account was connected here. */
  isHistory: boolean;
}

export interface Reconciled {
  calls: ReconciledCall[];
  /** Rows that are new. */
  inserted: number;
  /** Rows that changed. */
  changed: number;
}

export interface Reconciliation {
  ctx: Context;
  provider: string;
  history: ProviderHistory;
  account: ProviderAccount;
  fallback: FallbackOwner | undefined;
  /**
   * The company whose own account it is: every call is that company's, also where its agent is linked to another one.
   * Null: the deployment's own account, where links decide.
   */
  accountOf: string | null;
  /** When the account was connected here; absent for the deployment's own. What happened before is told to nobody. */
  connectedAt?: Date;
  /** Only the calls of this company, and of this app where one is named; all that have an owner when absent. */
  only?: { companyId: string; appId: string | null };
}

/** Fetches at once, at most: the providers' limits are theirs to say, by 429 and Retry-After. */
const maxFetches = 6;
/** What happened longer ago than this is stored, but told to nobody: it is history, not news. */
const newsForMs = 24 * 3_600_000;

interface Owned extends ListedCall {
  companyId: string;
  appId: string | null;
}

const isOf = (owner: FallbackOwner, { companyId, appId }: FallbackOwner): boolean =>
  owner.companyId === companyId && (appId === null || owner.appId === appId);

async function withOwners(tx: Tx, job: Reconciliation, listed: readonly ListedCall[]): Promise<Owned[]> {
  const wanted = listed.map(({ owners }, n) => ({ n, owners }));
  const links = await rowsOf<{ n: number; company_id: string; app_id: string | null }>(
    tx,
    sql`select distinct on (c.n) c.n, l.company_id, l.app_id
      from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) as c (n integer, owners jsonb)
      cross join lateral jsonb_array_elements(c.owners) with ordinality as o (owner, i)
      join provider_links l on l.provider = ${job.provider} and l.kind = o.owner ->> 'kind' and l.external_id = o.owner ->> 'externalId'
        and l.proof is not null and (${job.accountOf}::uuid is null or l.company_id = ${job.accountOf}::uuid)
      order by c.n, o.i`,
  );
  const byIndex = new Map(links.map((link) => [link.n, { companyId: link.company_id, appId: link.app_id }]));
  return listed.flatMap((call, n) => {
    const owner = byIndex.get(n) ?? job.fallback;
    if (!owner || (job.only && !isOf(owner, job.only))) return [];
    return [{ ...call, ...owner }];
  });
}

/** Of two snapshots of one state, the one taken later counts, where the provider's list is the present truth. */
function stamped<U extends Update>(update: U, history: ProviderHistory, fetchedAt: number): U {
  if (!history.isAuthoritative) return update;
  const clock = { rank: update.clock.rank, at: Math.max(update.clock.at, fetchedAt) };
  return { ...update, clock, ...(update.kind === 'call' ? { announcedAt: update.clock.at } : {}) };
}

const ownedUpdate = (job: Reconciliation, call: Owned, update: Update): OwnedUpdate => ({
  companyId: call.companyId,
  appId: call.appId,
  provider: job.provider,
  eventId: null,
  update,
});

/** The updates to take for a call; undefined when the provider would not give the rest of it. */
async function fetched(
  job: Reconciliation,
  call: Owned,
  fetchedAt: number,
): Promise<OwnedUpdate[] | undefined> {
  try {
    const whole =
      call.isPartial && job.history.fetchCall
        ? ((await job.history.fetchCall(job.account, call.providerCallId)) ?? call.update)
        : call.update;
    const updates = [stamped(whole, job.history, fetchedAt), ...(call.also ?? [])];
    return updates.map((update) => ownedUpdate(job, call, update));
  } catch (error) {
    job.ctx.log.warn(
      { provider: job.provider, callId: call.providerCallId, err: error },
      'a call could not be fetched',
    );
    return undefined;
  }
}

/** When a call ended; of one that goes on, when it began. Epoch milliseconds. */
function lastMomentOf({ fields, clock }: ListedCall['update']): number {
  const moment = fields.endedAt ?? fields.startedAt;
  return moment ? Date.parse(moment) : clock.at;
}

async function apply(
  { ctx, connectedAt }: Reconciliation,
  updates: readonly OwnedUpdate[],
): Promise<{ inserted: number; changed: number }> {
  const announceSince = new Date(Math.max(ctx.now().getTime() - newsForMs, connectedAt?.getTime() ?? 0));
  for (let tries = 1; ; tries++) {
    try {
      return await ctx.dbAs('pipeline', 'store what a provider listed', (tx) =>
        applyUpdates(tx, updates, { announceSince }),
      );
    } catch (error) {
      if (!(error instanceof RowsAppeared) || tries === 5) throw error;
    }
  }
}

/**
 * Compares one page of a provider's list with our rows, and takes what is missing or behind, through the translators
 * that webhooks go through. Nothing is invented: only what the provider lists.
 */
export async function reconcile(job: Reconciliation, listed: readonly ListedCall[]): Promise<Reconciled> {
  const fetchedAt = job.ctx.now().getTime();
  const { owned, standings } = await job.ctx.dbAs(
    'pipeline',
    'compare a provider’s list with our rows',
    async (tx) => {
      const calls = await withOwners(tx, job, listed);
      const updates = calls.map((call) =>
        ownedUpdate(job, call, stamped(call.update, job.history, fetchedAt)),
      );
      return { owned: calls, standings: await compareCalls(tx, updates) };
    },
  );
  const wanted = owned.filter(({ providerCallId }) => standings.get(providerCallId) !== 'current');
  const taken = await inParallel(wanted, maxFetches, (call) => fetched(job, call, fetchedAt));
  const updates = taken.flatMap((update) => update ?? []);
  const { inserted, changed } = await apply(job, updates);
  const failed = new Set(
    wanted.filter((_, index) => taken[index] === undefined).map(({ providerCallId }) => providerCallId),
  );
  const calls = new Map<string, ReconciledCall>();
  for (const { providerCallId, companyId, appId, update } of owned) {
    const standing = standings.get(providerCallId) ?? 'current';
    calls.set(providerCallId, {
      providerCallId,
      companyId,
      appId,
      standing,
      hasFailed: failed.has(providerCallId),
      isHistory: job.connectedAt !== undefined && lastMomentOf(update) < job.connectedAt.getTime(),
    });
  }
  return { calls: [...calls.values()], inserted, changed };
}
