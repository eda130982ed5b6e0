import { callKinds, lifecycle as dialpadLifecycle } from '../../local/providers/dialpad/lifecycles.ts';
import { lifecycleKinds } from '../../local/providers/retell/lifecycle-kinds.ts';
import { lifecycle as retellLifecycle, webhookBody } from '../../local/providers/retell/lifecycles.ts';
import type { EventToStore } from './store-events.ts';

/** The events of calls of both providers, each call's in the right order, for a company. */
export function lifecyclesOfBoth(calls: number, seed: number, companyId: string): EventToStore[][] {
  const startMs = Date.parse('2026-03-01T10:00:00Z');
  return Array.from({ length: calls }, (_, index) => {
    const own = seed * 1_000 + index;
    const at = startMs + index * 60_000;
    const nth = Math.floor(index / 2);
    if (index % 2 === 0) {
      const kind = callKinds[nth % callKinds.length] ?? 'answered';
      return dialpadLifecycle(kind, own, at).map((event) => ({
        provider: 'dialpad',
        companyId,
        payload: JSON.stringify(event),
      }));
    }
    const kind = lifecycleKinds[nth % lifecycleKinds.length] ?? lifecycleKinds[0];
    return retellLifecycle(kind, own, at).map((step) => ({
      provider: 'retell',
      companyId,
      payload: webhookBody(step),
    }));
  });
}
