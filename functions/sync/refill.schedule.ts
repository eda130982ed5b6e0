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
      const filled = await refill(ctx, account, period);
      if (filled > 0)
        ctx.log.warn({ provider: account.provider, filled }, 'webhooks were lost; the calls were filled in');
    }
  },
});
