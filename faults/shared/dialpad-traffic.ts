import { callKinds, lifecycle } from '../../local/providers/dialpad/lifecycles.ts';
import { organization } from '../../local/providers/dialpad/organization.ts';
import { seededRandom } from '../../local/providers/dialpad/random.ts';

/** One Dialpad event and the Dialpad company that it is about. */
export interface TrafficEvent {
  organization: string;
  event: Record<string, unknown> & { event_timestamp: number };
}

/** The name by which a tenant's Dialpad company is linked; the same for the same number. */
export const organizationOf = (tenant: number): string => `org-${tenant}`;

const maxCalls = 20_000;

/**
 * What `calls` conversations of many tenants send in `spanMs`, in the order in which it happens: legs, recordings and
 * recaps of one call among those of all others.
 * @param options.seed Below 200 000; two seeds share no call.
 */
export function dialpadTraffic(options: {
  calls: number;
  tenants: number;
  seed: number;
  startMs: number;
  spanMs: number;
}): TrafficEvent[] {
  const random = seededRandom(options.seed);
  const block = options.seed * maxCalls; // a lifecycle's seed must be its own, below 2^32
  const all: TrafficEvent[] = [];
  for (let call = 0; call < options.calls; call++) {
    const kind = callKinds[Math.floor(random() * callKinds.length)] ?? 'answered';
    const tenant = Math.floor(random() * options.tenants);
    const startMs = options.startMs + Math.floor(random() * options.spanMs);
    for (const event of lifecycle(kind, block + call, startMs, { organization: organization(tenant) })) {
      all.push({
        organization: organizationOf(tenant),
        event: { ...event, company_id: organizationOf(tenant) },
      });
    }
  }
  return all.sort((a, b) => a.event.event_timestamp - b.event.event_timestamp);
}
