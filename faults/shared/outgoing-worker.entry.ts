/** The dispatcher and the sender, which poll their queues until they are killed. */
import { closeDatabase } from '#core/database/pool.ts';
import * as dispatchEvents from '../../functions/outgoing/events/dispatch-events.worker.ts';
import * as sweepEvents from '../../functions/outgoing/events/sweep-events.schedule.ts';
import * as sendDeliveries from '../../functions/outgoing/webhooks/send-deliveries.worker.ts';
import * as sweepDeliveries from '../../functions/outgoing/webhooks/sweep-deliveries.schedule.ts';
import { poll } from '../../local/stack/queue-server.ts';
import { serveParent } from './serve-parent.ts';

const stops = [
  poll('outbox', dispatchEvents.handler, dispatchEvents.contract),
  poll('deliveries', sendDeliveries.handler, sendDeliveries.contract),
];

serveParent(
  undefined,
  {
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
