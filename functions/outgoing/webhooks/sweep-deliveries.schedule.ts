import { schedule } from '#core/schedule.ts';
import { wake } from '#core/work/queue.ts';
import { dueEndpoints } from './shared/send-deliveries.ts';

const maxAtOnce = 5000;

export const { contract, run, serve, handler } = schedule({
  cron: '* * * * *',
  summary: 'Wake deliveries that wait past their time',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const due = await ctx.dbAs(
      'pipeline',
      'find endpoints of every company with deliveries that are due',
      (tx) => dueEndpoints(tx, maxAtOnce),
    );
    await wake('deliveries', due);
    if (due.length > 0) ctx.log.info({ endpoints: due.length }, 'the sweep woke waiting deliveries');
  },
});
