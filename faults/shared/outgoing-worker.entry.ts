/** The dispatcher and the sender, which poll their queues until they are killed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { closeDatabase } from '#core/database/pool.ts';
import * as dispatchEvents from '../../functions/outgoing/events/dispatch-events.worker.ts';
import * as sweepEvents from '../../functions/outgoing/events/sweep-events.schedule.ts';
import * as sendDeliveries from '../../functions/outgoing/webhooks/send-deliveries.worker.ts';
import * as sweepDeliveries from '../../functions/outgoing/webhooks/sweep-deliveries.schedule.ts';
import { poll } from '../../local/stack/queue-server.ts';
import { serveParent } from './serve-parent.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const stops = [
  poll('outbox', dispatchEvents.handler, dispatchEvents.contract),
  poll('deliveries', sendDeliveries.handler, sendDeliveries.contract),
];

serveParent(
  undefined,
  {
    /** What is still needed after a collection, bytes: what is merely not collected yet says how busy the machine is. */
    async liveBytes() {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    },
    async sweep() {
      await sweepEvents.run();
      await sweepDeliveries.run();
    },
  },
  async () => {
    await Promise.all(stops.map((stop) => stop()));
    await closeDatabase();
  },
);
