import { env } from '#core/env.ts';
import { schedule } from '#core/schedule.ts';
import { refill } from './shared/refill.ts';
import { refillAccounts } from './shared/refill-accounts.ts';

/** Longer than any call and any outage that one night's sleep allows; each run is a page or two. */
const lookBackMs = 6 * 3_600_000;

export const { contract, run, serve, handler } = schedule({
  cron: '*/10 * * * *',
  summary:
    'Compare the providers’ own lists of the last hours with our calls, and fill in what webhooks lost',
  timeoutSeconds: 120,
  async handle({ ctx }) {
    const to = ctx.now();
    const period = { from: new Date(to.getTime() - lookBackMs), to };
    for (const account of await refillAccounts(ctx, env().DEFAULT_COMPANY_ID)) {
      const { provider } = account;
      const { lost, history } = await refill(ctx, account, period);
      if (lost > 0) ctx.log.warn({ provider, filled: lost }, 'webhooks were lost; the calls were filled in');
      if (history > 0)
        ctx.log.info(
          { provider, taken: history },
          'calls from before the account was connected were taken in',
        );
    }
  },
});
