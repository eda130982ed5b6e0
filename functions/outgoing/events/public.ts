/** What other features may use: for the metrics of this instance. */
export { broadcastCounts } from './shared/broadcast.ts';
export { openStreamCount } from './shared/open-streams.ts';
