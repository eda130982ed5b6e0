import { type CallEventPayload, callCenterTarget, ended, leg, userTarget } from './leg.ts';
import { at, recordingOf, type Scene } from './scene.ts';

/* Calls to a call center: an entry leg, and an operator leg for each person that it rings. */

function callCenterEntry({ of, start, id, customer }: Scene) {
  return leg({
    callId: id(0),
    direction: 'inbound',
    startedAt: start,
    customer,
    internalNumber: of.callCenter.phone,
    target: callCenterTarget(of),
  });
}

function operatorLeg({ of, id, customer }: Scene, n: number, userIndex: number, startedAt: number) {
  const user = at(of.users, userIndex);
  return leg({
    callId: id(n),
    direction: 'inbound',
    startedAt,
    customer,
    internalNumber: user.phone,
    target: userTarget(user, of),
    entryPoint: { callId: id(0), target: callCenterTarget(of) },
  });
}

export function answeredByCallCenter(scene: Scene): CallEventPayload[] {
  const { start, between, of } = scene;
  const entry = callCenterEntry(scene);
  const events = [
    entry.tell('ringing', start + 900, { date_rang: start + 900 }),
    entry.tell('queued', start + 1500, { date_queued: start + 1500 }),
  ];
  const connectedAt = start + between(5_000, 30_000);
  const endsAt = connectedAt + between(30_000, 600_000);
  const heldFrom = connectedAt + between(5_000, 10_000);
  const heldTo = heldFrom + between(1_000, 10_000);
  for (const [n, user] of of.users.entries()) {
    const rangAt = start + 2_500 + n * 7;
    const operator = operatorLeg(scene, n + 1, n, rangAt - 200);
    events.push(operator.tell('ringing', rangAt, { date_rang: rangAt }));
    if (user !== at(of.users, scene.userIndex)) {
      const gaveUpAt = connectedAt + 90 + n;
      events.push(operator.tell('missed', gaveUpAt, ended(gaveUpAt, rangAt - 200, null)));
      continue;
    }
    events.push(
      operator.tell('connected', connectedAt, { date_connected: connectedAt }),
      entry.tell('connected', connectedAt + 40, {
        date_connected: connectedAt + 40,
        operator_call_id: operator.callId,
      }),
      operator.tell('hold', heldFrom),
      operator.tell('connected', heldTo),
      operator.tell('hangup', endsAt, ended(endsAt, rangAt - 200, connectedAt, heldTo - heldFrom)),
    );
  }
  const ending = ended(endsAt + 120, start, connectedAt + 40, heldTo - heldFrom);
  events.push(
    entry.tell('hangup', endsAt + 120, { ...ending, mos_score: 4.4 }),
    entry.tell('recording', endsAt + 8_000, recordingOf(entry.callId, connectedAt, endsAt - connectedAt)),
    entry.tell('call_transcription', endsAt + 20_000, {
      transcription_text: 'Support, how can I help? I would like to change my order.',
    }),
    entry.tell('recap_summary', endsAt + 30_000, { recap_summary: 'The caller changed an order.' }),
    entry.tell('recap_action_items', endsAt + 31_000, { recap_action_items: ['Send the new invoice'] }),
    entry.tell('recap_outcome', endsAt + 32_000, { recap_outcome: 'Resolved' }),
    entry.tell('dispositions', endsAt + 40_000, { disposition: 'Order changed', labels: ['order'] }),
    entry.tell('csat', endsAt + 60_000, { csat_score: String(between(1, 5)) }),
  );
  return events;
}

export function missed(scene: Scene): CallEventPayload[] {
  const { start, between, of } = scene;
  const entry = callCenterEntry(scene);
  const gaveUpAt = start + between(15_000, 60_000);
  const events = [
    entry.tell('ringing', start + 900, { date_rang: start + 900 }),
    entry.tell('queued', start + 1500, { date_queued: start + 1500 }),
  ];
  for (const n of of.users.keys()) {
    const rangAt = start + 2_500 + n * 7;
    const operator = operatorLeg(scene, n + 1, n, rangAt - 200);
    const stopped = gaveUpAt - 100 + n;
    events.push(
      operator.tell('ringing', rangAt, { date_rang: rangAt }),
      operator.tell('missed', stopped, ended(stopped, rangAt - 200, null)),
    );
  }
  events.push(
    entry.tell('missed', gaveUpAt, ended(gaveUpAt, start, null)),
    entry.tell('hangup', gaveUpAt + 15),
  );
  return events;
}

/** The first operator hands the caller over to the second, who ends the call. */
export function transfer(scene: Scene): CallEventPayload[] {
  const { start, between, of, userIndex } = scene;
  const entry = callCenterEntry(scene);
  const first = operatorLeg(scene, 1, userIndex, start + 2_300);
  const connectedAt = start + between(5_000, 20_000);
  const handedAt = connectedAt + between(20_000, 60_000);
  const takenAt = handedAt + between(2_000, 8_000);
  const endsAt = takenAt + between(20_000, 90_000);
  const second = operatorLeg(scene, 2, userIndex + 1, handedAt);
  const handedOver = {
    is_transferred: true,
    transferred_from: userTarget(at(of.users, userIndex), of),
    master_call_id: first.callId,
  };
  return [
    entry.tell('ringing', start + 900, { date_rang: start + 900 }),
    entry.tell('queued', start + 1500, { date_queued: start + 1500 }),
    first.tell('ringing', start + 2_500, { date_rang: start + 2_500 }),
    first.tell('connected', connectedAt, { date_connected: connectedAt }),
    entry.tell('connected', connectedAt + 40, {
      date_connected: connectedAt + 40,
      operator_call_id: first.callId,
    }),
    first.tell('hold', handedAt - 500),
    second.tell('ringing', handedAt + 300, { ...handedOver, date_rang: handedAt + 300 }),
    second.tell('connected', takenAt, { date_connected: takenAt }),
    first.tell('hangup', takenAt + 60, ended(takenAt + 60, start + 2_300, connectedAt, takenAt - handedAt)),
    second.tell('hangup', endsAt, ended(endsAt, handedAt, takenAt)),
    entry.tell('hangup', endsAt + 120, {
      ...ended(endsAt + 120, start, connectedAt + 40, takenAt - handedAt),
      is_transferred: true,
      operator_call_id: second.callId,
    }),
  ];
}
