import { sql } from 'drizzle-orm/sql';
import type { Context } from '#core/context.ts';
import { textArray } from '#core/database/statement.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { heeding } from '#identity/provider-accounts/public.ts';
import type { ProviderAccount, ProviderHistory } from '#providers/history.ts';
import { type FallbackOwner, type ReconciledCall, reconcile } from './reconcile.ts';

/** An account at a provider whose recent calls are compared with ours. */
export interface RefillAccount {
  provider: string;
  history: ProviderHistory;
  account: ProviderAccount;
  /** Whose a call is that no link names. */
  fallback: FallbackOwner | undefined;
  /** The company whose own account it is; null: the deployment's. */
  accountOf: string | null;
  /** The app whose own connection it is, where it is one. */
  connectionOf?: string;
  /** When it was connected here; absent: the deployment's own. What happened before is history, and no loss. */
  connectedAt?: Date;
}

interface Check {
  company_id: string;
  app_id: string | null;
  listed: number;
  missing: number;
  unfinished: number;
  failed: number;
  missing_ids: string[];
}

function checksOf(calls: readonly ReconciledCall[]): Check[] {
  const checks = new Map<string, Check>();
  for (const { companyId, appId, standing, hasFailed, providerCallId } of calls) {
    const key = `${companyId} ${appId}`;
    const check = checks.get(key) ?? {
      company_id: companyId,
      app_id: appId,
      listed: 0,
      missing: 0,
      unfinished: 0,
      failed: 0,
      missing_ids: [],
    };
    checks.set(key, check);
    check.listed++;
    if (standing === 'missing') {
      check.missing++;
      if (check.missing_ids.length < 100) check.missing_ids.push(providerCallId);
    } else if (standing === 'behind') check.unfinished++;
    if (hasFailed) check.failed++;
  }
  return [...checks.values()];
}

/** Keeps what a comparison found: one row for each owner; for a list that could not be had, one that says why. */
async function keep(
  ctx: Context,
  job: RefillAccount,
  period: { from: Date; to: Date },
  calls: readonly ReconciledCall[],
  error: string | null,
): Promise<void> {
  const checks = checksOf(calls);
  if (error !== null && checks.length === 0 && job.fallback) {
    const { companyId, appId } = job.fallback;
    checks.push({
      company_id: companyId,
      app_id: appId,
      listed: 0,
      missing: 0,
      unfinished: 0,
      failed: 0,
      missing_ids: [],
    });
  }
  await ctx.dbAs('pipeline', 'keep a comparison with a provider’s list', async (tx) => {
    for (const check of checks) {
      await rowsOf(
        tx,
        sql`insert into completeness_checks (company_id, app_id, provider, period_from, period_to, listed, missing,
            unfinished, filled, failed, missing_ids, error)
          values (${check.company_id}::uuid, ${check.app_id}::uuid, ${job.provider}, ${period.from.toISOString()}::timestamptz,
            ${period.to.toISOString()}::timestamptz, ${check.listed}::int, ${check.missing}::int, ${check.unfinished}::int,
            ${check.missing + check.unfinished - check.failed}::int, ${check.failed}::int, ${textArray(check.missing_ids)}, ${error})`,
      );
    }
  });
}

/**
 * Compares the provider's own list of a period with our rows and fills in what webhooks lost.
 * @returns how many calls were missing or behind, and were taken: those that webhooks lost, and those from before the
 * account was connected.
 */
export async function refill(
  ctx: Context,
  job: RefillAccount,
  period: { from: Date; to: Date },
): Promise<{ lost: number; history: number }> {
  const calls: ReconciledCall[] = [];
  let error: string | null = null;
  const compare = async () => {
    for await (const page of job.history.listCalls(job.account, period)) {
      calls.push(...(await reconcile({ ctx, ...job }, page)).calls);
    }
  };
  try {
    await (job.connectionOf === undefined ? compare() : heeding(ctx, job.connectionOf, compare));
  } catch (cause) {
    error = cause instanceof Error ? cause.message.slice(0, 500) : String(cause);
    ctx.log.error({ provider: job.provider, err: cause }, 'a provider’s list could not be compared');
  }
  await keep(ctx, job, period, calls, error);
  const taken = calls.filter(({ standing, hasFailed }) => standing !== 'current' && !hasFailed);
  const history = taken.filter(({ isHistory }) => isHistory).length;
  return { lost: taken.length - history, history };
}
