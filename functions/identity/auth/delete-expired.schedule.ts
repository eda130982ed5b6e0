import { rowsOf } from '#core/database/transaction.ts';
import { schedule } from '#core/schedule.ts';
import { chunk, expired } from './shared/expired.ts';

export const { contract, run, serve, handler } = schedule({
  cron: '17 * * * *',
  summary: 'Delete sessions, tokens and attempts to log in that are long over',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const endAt = Date.now() + 40_000;
    const deleted: Record<string, number> = {};
    for (const [what, statement] of Object.entries(expired)) {
      let last = chunk;
      while (last === chunk && Date.now() < endAt) {
        last = (await ctx.dbAs('jobs', 'delete what is over', (tx) => rowsOf(tx, statement))).length;
        deleted[what] = (deleted[what] ?? 0) + last;
      }
    }
    if (Object.values(deleted).some((count) => count > 0)) ctx.log.info(deleted, 'deleted what is over');
  },
});
