import { AppError } from '#core/errors.ts';
import { schedule } from '#core/schedule.ts';
import { companiesWithRetell } from './shared/accounts.ts';
import { syncRetellCalls } from './shared/retell-sync.ts';

const budgetMs = 45_000;

export const { contract, run, serve, handler } = schedule({
  cron: '*/5 * * * *',
  summary: 'Pull the calls that changed at Retell, for each company linked to it',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    const started = Date.now();
    for (const companyId of await companiesWithRetell(ctx)) {
      const left = budgetMs - (Date.now() - started);
      if (left <= 0) break; // the next run begins where each company's last one ended
      try {
        const result = await syncRetellCalls(
          ctx,
          { companyId, appId: null },
          { trigger: 'schedule', budgetMs: left },
        );
        ctx.log.info({ companyId, ...result }, 'synced Retell');
      } catch (error) {
        const isBusy = error instanceof AppError && error.code === 'SYNC_RUNNING';
        if (!isBusy)
          ctx.log.error({ companyId, err: error }, 'a sync of Retell failed; the next run tries again');
      }
    }
  },
});
