/** A worker that polls the queue until it is killed, and says when each batch begins and ends. */
import { closeDatabase } from '#core/database/pool.ts';
import { contract, handler } from '../../functions/integrations/inbound/process-inbound.worker.ts';
import * as sweep from '../../functions/integrations/inbound/sweep.schedule.ts';
import { poll } from '../../local/stack/queue-server.ts';
import { serveParent } from './serve-parent.ts';

const stop = poll(
  'inbound',
  async (event, context) => {
    process.send?.({ batch: 'began' });
    try {
      return await handler(event, context);
    } finally {
      process.send?.({ batch: 'ended' });
    }
  },
  contract,
);

serveParent(undefined, { sweep: () => sweep.run() }, async () => {
  await stop();
  await closeDatabase();
});
