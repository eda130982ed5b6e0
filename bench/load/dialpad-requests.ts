import { dialpadTraffic, type TrafficEvent } from '../../faults/shared/dialpad-traffic.ts';
import { deployedEnvironment } from '../../faults/shared/server-environment.ts';
import { hookBody } from '../../local/providers/dialpad/delivery.ts';
import { requestBytes } from './http-connection.ts';

const perCall = 6; // at least: lifecycles have 2 to 20 events

let lastSeed = Math.floor(Date.now() / 60_000) % 190_000;

/** New events of many calls of the benchmark's companies, in the order of an hour; no two runs share one. */
export function newEvents(count: number, tenants = 100): TrafficEvent[] {
  const events: TrafficEvent[] = [];
  while (events.length < count) {
    const calls = Math.min(20_000, Math.ceil((count - events.length) / perCall));
    const startMs = Date.now() - 3_600_000;
    events.push(...dialpadTraffic({ calls, tenants, seed: ++lastSeed, startMs, spanMs: 3_000_000 }));
  }
  return events.slice(0, count);
}

/** The webhooks that Dialpad would send of these events. */
export function hookRequests(events: readonly TrafficEvent[], path: string): Uint8Array[] {
  return events.map(({ event }) =>
    requestBytes(
      'POST',
      path,
      { 'content-type': 'application/jwt' },
      hookBody(event, deployedEnvironment.DIALPAD_WEBHOOK_SECRET),
    ),
  );
}
