import { durationBounds, invalidSignatureCounts, requestMetrics, workCounts } from '#core/metrics.ts';
import { latencyBoundsMs } from '#integrations/inbound/public.ts';
import { broadcastCounts, openStreamCount } from '#outgoing/events/public.ts';
import { oldestWaitingSeconds, type PipelineState } from './pipeline-state.ts';
import { histogram, metric } from './prometheus.ts';
import type { QueueDepth } from './queue-depths.ts';

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, n) => total + n, 0);

function pipelineLines(state: PipelineState): string[] {
  return [
    ...metric('trunkline_events', 'gauge', 'Provider events by what became of them.', [
      ...state.tallies.map(({ provider, processed }) => ({
        labels: { provider, status: 'processed' },
        value: processed,
      })),
      ...state.open.map(({ provider, status, events }) => ({ labels: { provider, status }, value: events })),
    ]),
    ...metric(
      'trunkline_processing_failures_total',
      'counter',
      'Attempts to process an event that failed.',
      state.tallies.map(({ provider, failures }) => ({ labels: { provider }, value: failures })),
    ),
    ...metric('trunkline_oldest_waiting_seconds', 'gauge', 'Age of the oldest event yet to be processed.', [
      { value: oldestWaitingSeconds(state) },
    ]),
    ...metric('trunkline_outbox_waiting', 'gauge', 'Domain events yet to be dispatched.', [
      { value: state.outbox.waiting },
    ]),
    ...metric(
      'trunkline_outbox_oldest_seconds',
      'gauge',
      'Age of the oldest domain event yet to be dispatched.',
      [{ value: state.outbox.oldestSeconds }],
    ),
    ...metric('trunkline_deliveries_waiting', 'gauge', 'Deliveries of webhooks yet to be made.', [
      { value: state.deliveries.waiting },
    ]),
    ...metric('trunkline_deliveries_due', 'gauge', 'Deliveries of webhooks whose time has come.', [
      { value: state.deliveries.due },
    ]),
    ...metric(
      'trunkline_deliveries_oldest_seconds',
      'gauge',
      'How long the delivery that is due for longest is overdue.',
      [{ value: state.deliveries.oldestSeconds }],
    ),
    ...metric(
      'trunkline_jobs_waiting',
      'gauge',
      'Jobs that are not done yet, by queue.',
      state.jobs.map(({ queue, waiting }) => ({ labels: { queue }, value: waiting })),
    ),
    ...metric(
      'trunkline_jobs_due',
      'gauge',
      'Jobs whose time has come and that no worker has taken, by queue.',
      state.jobs.map(({ queue, due }) => ({ labels: { queue }, value: due })),
    ),
    ...metric(
      'trunkline_jobs_oldest_seconds',
      'gauge',
      'How long the job that is due for longest is overdue, by queue.',
      state.jobs.map(({ queue, oldestSeconds }) => ({ labels: { queue }, value: oldestSeconds })),
    ),
    ...histogram(
      'trunkline_processing_latency_seconds',
      'From the receipt of an event to the commit of what it changed.',
      latencyBoundsMs.map((bound) => bound / 1000),
      state.tallies.map(({ provider, buckets, latencyMsSum }) => ({
        labels: { provider },
        counts: buckets,
        sum: latencyMsSum / 1000,
        count: sum(buckets),
      })),
    ),
  ];
}

function queueLines(queues: readonly QueueDepth[]): string[] {
  return [
    ...metric(
      'trunkline_queue_messages',
      'gauge',
      'Messages in a queue, about.',
      queues.flatMap(({ queue, visible, inFlight, delayed }) => [
        { labels: { queue, state: 'visible' }, value: visible },
        { labels: { queue, state: 'in_flight' }, value: inFlight },
        { labels: { queue, state: 'delayed' }, value: delayed },
      ]),
    ),
    ...metric(
      'trunkline_dead_letters',
      'gauge',
      'Messages that a worker gave up on.',
      queues.map(({ queue, deadLetters }) => ({ labels: { queue }, value: deadLetters })),
    ),
  ];
}

function instanceLines(): string[] {
  const routes = requestMetrics();
  return [
    ...metric(
      'trunkline_requests_total',
      'counter',
      'Requests that this instance answered.',
      routes.flatMap(({ method, route, byStatus }) =>
        [...byStatus].map(([status, value]) => ({ labels: { method, route, status }, value })),
      ),
    ),
    ...histogram(
      'trunkline_request_duration_seconds',
      'How long this instance took to answer.',
      durationBounds,
      routes.map(({ method, route, buckets, sumSeconds, byStatus }) => ({
        labels: { method, route },
        counts: buckets,
        sum: sumSeconds,
        count: sum(byStatus.values()),
      })),
    ),
    ...metric(
      'trunkline_invalid_signatures_total',
      'counter',
      'Webhooks that this instance refused for their signature.',
      [...invalidSignatureCounts()].map(([provider, value]) => ({ labels: { provider }, value })),
    ),
    ...metric(
      'trunkline_hashed_bytes_total',
      'counter',
      'Bytes that this instance hashed to check the signatures of webhooks.',
      [{ value: workCounts().hashedBytes }],
    ),
    ...metric('trunkline_body_fields_total', 'counter', 'Fields of JSON bodies that this instance parsed.', [
      { value: workCounts().bodyFields },
    ]),
    ...metric(
      'trunkline_broadcasts_total',
      'counter',
      'Events that this instance handed to Supabase Realtime.',
      Object.entries(broadcastCounts).map(([outcome, value]) => ({ labels: { outcome }, value })),
    ),
    ...metric('trunkline_open_streams', 'gauge', 'Streams of events that this instance holds open.', [
      { value: openStreamCount() },
    ]),
    ...metric('process_resident_memory_bytes', 'gauge', 'Resident memory of this instance.', [
      { value: process.memoryUsage.rss() },
    ]),
    ...metric('process_uptime_seconds', 'gauge', 'How long this instance has run.', [
      { value: Math.round(process.uptime()) },
    ]),
  ];
}

/** Everything, in Prometheus's text format 0.0.4. Without the state, the database is reported as down. */
export function metricsText(state: PipelineState | undefined, queues: readonly QueueDepth[]): string {
  const lines = [
    ...metric('trunkline_database_up', 'gauge', 'Whether the database answered.', [{ value: state ? 1 : 0 }]),
    ...(state ? pipelineLines(state) : []),
    ...queueLines(queues),
    ...instanceLines(),
  ];
  return `${lines.join('\n')}\n`;
}
