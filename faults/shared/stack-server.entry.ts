/** The embedded stack in a process of its own, on the database that DATABASE_URL names. */
import * as sweep from '../../functions/integrations/inbound/sweep.schedule.ts';
import { startStack } from '../../local/stack/embedded-stack.ts';
import { serveParent } from './serve-parent.ts';

const stack = await startStack({
  port: Number(process.env.PORT ?? 0),
  host: '127.0.0.1',
  dataFolder: process.env.DATA_DIR ?? '',
  hasClock: false,
});

serveParent(
  { url: stack.url, sqsUrl: stack.sqsUrl },
  {
    sweep: () => sweep.run(),
    gc() {
      globalThis.gc?.();
      return process.memoryUsage();
    },
  },
  () => stack.stop(),
);
