import { schedule } from '#core/schedule.ts';
import { deleteInChunks } from '#core/work/delete-in-chunks.ts';
import { expired } from './shared/expired.ts';

export const { contract, run, serve, handler } = schedule({
  cron: '17 * * * *',
  summary: 'Delete sessions, tokens and attempts to log in that are long over',
  timeoutSeconds: 55,
  async handle({ ctx }) {
    const endAt = Date.now() + 40_000;
    const deleted: Record<string, number> = {};
    for (const [what, statement] of Object.entries(expired)) {
      deleted[what] = await deleteInChunks(ctx, 'delete what is over', statement, endAt);
    }
    if (Object.values(deleted).some((count) => count > 0)) ctx.log.info(deleted, 'deleted what is over');
  },
});
