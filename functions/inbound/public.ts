export {
  type Applied,
  applyUpdates,
  compareCalls,
  type OwnedUpdate,
  RowsAppeared,
  type Standing,
} from './shared/apply-updates.ts';
export { latencyBoundsMs } from './shared/latency.ts';
