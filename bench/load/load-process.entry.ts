/** The load generator, in a process of its own. One job at a time. */
import { serveParent } from '../../faults/shared/serve-parent.ts';
import { closedLoop } from './closed-loop.ts';
import { openLoop } from './open-loop.ts';

serveParent(undefined, {
  closed: (job) => closedLoop(job as Parameters<typeof closedLoop>[0]), // as load.ts sends it
  open: (job) => openLoop(job as Parameters<typeof openLoop>[0]),
});
