export { latencyBoundsMs } from './shared/latency.ts';
