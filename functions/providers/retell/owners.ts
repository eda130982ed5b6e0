import type { Owner } from '#providers/provider.ts';
import type { RetellCall } from './event.ts';
import { e164 } from './plain-values.ts';

/**
 * Whose a call may be: its agent's, else the number's on our side of it. The other side's number is no candidate: it
 * may belong to another company of this deployment, which must not get to see the call.
 */
export function ownersOf(call: RetellCall): Owner[] {
  const owners: Owner[] = [];
  if (call.agent_id !== undefined) owners.push({ kind: 'agent', externalId: call.agent_id });
  const sides = { inbound: call.to_number, outbound: call.from_number };
  const number = call.direction && e164(sides[call.direction]);
  if (number !== undefined) owners.push({ kind: 'number', externalId: number });
  return owners;
}
