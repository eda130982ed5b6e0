export {
  type Applied,
  applyUpdates,
  compareCalls,
  type OwnedUpdate,
  RowsAppeared,
  type Standing,
} from './shared/apply-updates.ts';
export { latencyBoundsMs } from './shared/latency.ts';
export { replayEvents } from './shared/replay-events.ts';
