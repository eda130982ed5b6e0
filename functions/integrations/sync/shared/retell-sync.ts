import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { sqlStateOf } from '#core/database/database-errors.ts';
import { skipConfirmation } from '#core/database/run-as.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { AppError } from '#core/errors.ts';
import type { ListedCall } from '#providers/history.ts';
import { retellHistory } from '#providers/retell/history.ts';
import {
  linkedAgents,
  ownershipOf,
  ownsUnlinked,
  type RetellAccount,
  retellAccountOf,
  type Scope,
} from './accounts.ts';
import { type Reconciliation, reconcile } from './reconcile.ts';

export interface SyncResult {
  /** Calls that are new to us. */
  callsSynced: number;
  /** Calls that were there and changed. */
  callsUpdated: number;
  /** Calls that could not be taken; the next sync tries them again. */
  errors: number;
  /** Whether the time was up before the end: the next sync goes on from there. */
  more: boolean;
}

/** Calls change after they ended (analysis, cost of a transferred leg): each sync looks back this far. */
const overlapMs = 6 * 3_600_000;
/** A sync that showed no sign of life for so long has died. */
const deadAfterSeconds = 120;

/** What a sync is begun by, and how it stands. A database test holds both against the checks of `retell_syncs`. */
export const syncTriggers = ['schedule', 'request'] as const;
export const syncStatuses = ['running', 'completed', 'failed'] as const;
type SyncTrigger = (typeof syncTriggers)[number];
type SyncStatus = (typeof syncStatuses)[number];

interface Running {
  id: string;
  from: Date;
  failedIds: string[];
}

/**
 * Opens a company's sync: one at a time.
 * @throws AppError SYNC_RUNNING when another one runs.
 */
async function open(
  ctx: Context,
  companyId: string,
  trigger: SyncTrigger,
  agentIds: string[] | undefined,
): Promise<Running> {
  try {
    return await ctx.dbAs('pipeline', 'open the sync of one company', async (tx) => {
      await rowsOf(
        tx,
        sql`update retell_syncs set status = 'failed', error = 'It stopped without an end.', finished_at = now()
          where company_id = ${companyId}::uuid and status = 'running'
            and heartbeat_at < now() - make_interval(secs => ${deadAfterSeconds}::int)`,
      );
      const [last] = await rowsOf<{ done_until: string; failed_ids: string[] }>(
        tx,
        sql`select to_char(done_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as done_until, to_json(failed_ids) as failed_ids
          from retell_syncs
          where company_id = ${companyId}::uuid and done_until is not null and agent_ids is null
          order by id desc limit 1`,
      );
      const from = last && !agentIds ? new Date(Date.parse(last.done_until) - overlapMs) : new Date(0);
      const [opened] = await rowsOf<{ id: string }>(
        tx,
        sql`insert into retell_syncs (company_id, trigger, status, agent_ids, period_from, period_to)
          values (${companyId}::uuid, ${trigger}, 'running', ${agentIds ? textArray(agentIds) : sql`null`},
            ${from.toISOString()}::timestamptz, now())
          returning id`,
      );
      return { id: opened?.id ?? '', from, failedIds: agentIds ? [] : (last?.failed_ids ?? []) };
    });
  } catch (error) {
    if (sqlStateOf(error) === '23505') throw new AppError('SYNC_RUNNING', { cause: error });
    throw error;
  }
}

interface Progress extends SyncResult {
  doneUntil: Date | null;
  failedIds: Set<string>;
}

async function save(
  ctx: Context,
  syncId: string,
  progress: Progress,
  end?: { status: Exclude<SyncStatus, 'running'>; error?: string },
): Promise<void> {
  await ctx.dbAs('pipeline', 'keep the progress of a sync', (tx) => {
    skipConfirmation(tx); // it began with a right to it, and is not to stay 'running' for want of it
    return rowsOf(
      tx,
      sql`update retell_syncs set calls_synced = ${progress.callsSynced}::int, calls_updated = ${progress.callsUpdated}::int,
          errors = ${progress.failedIds.size}::int, failed_ids = ${textArray([...progress.failedIds].slice(0, 1000))},
          done_until = ${progress.doneUntil?.toISOString() ?? null}::timestamptz, heartbeat_at = now(),
          status = ${end?.status ?? 'running'}, error = ${end?.error ?? null},
          finished_at = case when ${end !== undefined}::boolean then now() end
        where id = ${syncId}::uuid`,
    );
  });
}

/** The agents that a sync asks for. Undefined: all; the calls of agents linked elsewhere are left out afterwards. */
async function agentsToAsk(
  ctx: Context,
  account: RetellAccount,
  scope: Scope,
  agentId: string | undefined,
): Promise<string[] | undefined> {
  if (agentId === undefined)
    return ownsUnlinked(account, scope) ? undefined : [...(await linkedAgents(ctx, scope)).mine];
  const isOurs = await ownershipOf(ctx, account, scope);
  if (!isOurs(agentId)) throw new AppError('NOT_FOUND', { message: 'No such agent in this company.' });
  return [agentId];
}

/** A call that could not be taken last time, as if the list had named it again. */
async function listedAgain(job: Reconciliation, id: string): Promise<ListedCall[]> {
  const update = await retellHistory.fetchCall?.(job.account, id).catch(() => undefined);
  if (!update) return [];
  const agent = update.fields.providerAgentId;
  return [
    {
      providerCallId: id,
      owners: agent ? [{ kind: 'agent', externalId: agent }] : [],
      update,
      isPartial: false,
    },
  ];
}

/**
 * Pulls a company's calls from Retell: what is new or changed since the last sync, with an overlap. Stops when the
 * time is up, having kept what it did; the next one goes on from there.
 * @throws AppError SYNC_RUNNING, NOT_FOUND for an agent of somebody else, ProviderError when Retell does not answer.
 */
export async function syncRetellCalls(
  ctx: Context,
  scope: Scope,
  options: { trigger: SyncTrigger; agentId?: string | undefined; budgetMs: number },
): Promise<SyncResult> {
  const { companyId, appId } = scope;
  const account = await retellAccountOf(ctx, companyId);
  if (!account) return { callsSynced: 0, callsUpdated: 0, errors: 0, more: false };
  const takesUnlinked = ownsUnlinked(account, scope);
  const asked = await agentsToAsk(ctx, account, scope, options.agentId);
  const started = ctx.now();
  // A part of the company's agents says nothing of how far the whole is synced.
  const isPart = options.agentId !== undefined || appId !== null;
  const running = await open(ctx, companyId, options.trigger, isPart ? asked : undefined);
  const progress: Progress = {
    callsSynced: 0,
    callsUpdated: 0,
    errors: 0,
    more: false,
    doneUntil: null,
    failedIds: new Set(),
  };
  const job: Reconciliation = {
    ctx,
    provider: 'retell',
    history: retellHistory,
    account,
    fallback: takesUnlinked ? { companyId, appId: null } : undefined,
    accountOf: account.companyId,
    ...(account.connectedAt ? { connectedAt: account.connectedAt } : {}),
    only: { companyId, appId },
  };
  const take = async (page: readonly ListedCall[]) => {
    const result = await reconcile(job, page);
    progress.callsSynced += result.inserted;
    progress.callsUpdated += result.changed;
    for (const { providerCallId, hasFailed } of result.calls) {
      if (hasFailed) progress.failedIds.add(providerCallId);
      else progress.failedIds.delete(providerCallId);
    }
  };
  try {
    for (const id of running.failedIds) {
      progress.failedIds.add(id);
      const again = await listedAgain(job, id);
      if (again.length > 0) await take(again);
    }
    for await (const page of retellHistory.listCalls(
      account,
      { from: running.from, to: started },
      asked ? { agentIds: asked } : {},
    )) {
      await take(page);
      progress.doneUntil = startOf(page.at(-1)) ?? progress.doneUntil;
      if (Date.now() - started.getTime() > options.budgetMs) {
        progress.more = true;
        break;
      }
      await save(ctx, running.id, progress);
    }
    if (!progress.more) progress.doneUntil = started;
    await save(ctx, running.id, progress, { status: 'completed' });
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 500) : String(error);
    await save(ctx, running.id, progress, { status: 'failed', error: reason });
    throw error;
  }
  const { callsSynced, callsUpdated, failedIds, more } = progress;
  return { callsSynced, callsUpdated, errors: failedIds.size, more };
}

const startOf = (call: ListedCall | undefined): Date | undefined =>
  call?.update.fields.startedAt ? new Date(call.update.fields.startedAt) : undefined;
