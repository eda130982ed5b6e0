import { Cron } from 'croner';
import { log } from '#core/log.ts';
import { schedules } from '../../functions/_generated/modules.ts';

/** Runs every schedule by its cron expression, never two of one at once. @returns a function that stops them. */
export async function startClock(): Promise<() => Promise<void>> {
  const running = new Set<Promise<void>>();
  const jobs: Cron[] = [];
  for (const { cron, file, load } of schedules) {
    const { run } = await load();
    const once = async () => {
      const work = run().catch((error: unknown) =>
        log().error({ schedule: file, err: error }, 'a schedule failed'),
      );
      running.add(work);
      await work;
      running.delete(work);
    };
    jobs.push(new Cron(cron, { protect: true, timezone: 'UTC', unref: true }, once));
  }
  return async () => {
    for (const job of jobs) job.stop();
    await Promise.all(running);
  };
}
