import { answeredByCallCenter, missed, transfer } from './call-center-calls.ts';
import { type CallEventPayload, ended, leg, officeTarget, userTarget } from './leg.ts';
import { type Organization, organization } from './organization.ts';
import { seededRandom } from './random.ts';
import { at, recordingOf, type Scene } from './scene.ts';

export const callKinds = [
  'answered',
  'missed',
  'voicemail',
  'outbound',
  'outbound_unanswered',
  'transfer',
  'blocked',
] as const;
export type CallKind = (typeof callKinds)[number];

export interface LifecycleOptions {
  organization?: Organization;
  /** E.164; a number of the seed's own when absent. */
  customerPhone?: string;
  /** Index into `organization.users` of who answers first, or calls out. Taken from the seed when absent. */
  userIndex?: number;
}

/**
 * All events of one call, in the order in which they happen; the same for the same arguments. Two seeds below 2^32, or
 * two kinds, share no call_id.
 * @param startMs When it begins, epoch milliseconds.
 */
export function lifecycle(
  kind: CallKind,
  seed: number,
  startMs: number,
  options: LifecycleOptions = {},
): CallEventPayload[] {
  const of = options.organization ?? organization();
  const random = seededRandom(seed + callKinds.indexOf(kind) * 7919);
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const firstId = 4_500_000_000_000_000 + (seed >>> 0) * 1_000 + callKinds.indexOf(kind) * 50;
  const phone = options.customerPhone ?? `+1628555${String(between(0, 9999)).padStart(4, '0')}`;
  const scene: Scene = {
    of,
    start: startMs,
    id: (n) => firstId + n,
    between,
    customer: { id: firstId + 49, name: `Caller ${phone.slice(-4)}`, phone },
    userIndex: options.userIndex ?? between(0, of.users.length - 1),
  };
  return scripts[kind](scene).sort((one, other) => one.event_timestamp - other.event_timestamp);
}

const scripts: Record<CallKind, (scene: Scene) => CallEventPayload[]> = {
  answered: answeredByCallCenter,
  missed,
  voicemail,
  outbound,
  outbound_unanswered: outboundUnanswered,
  transfer,
  blocked,
};

function voicemail({ of, start, id, between, customer }: Scene): CallEventPayload[] {
  const entry = leg({
    callId: id(0),
    direction: 'inbound',
    startedAt: start,
    customer,
    internalNumber: of.mainLine.phone,
    target: officeTarget(of),
  });
  const beepAt = start + between(20_000, 40_000);
  const durationMs = between(3_000, 90_000);
  const endsAt = beepAt + durationMs;
  const recordingId = String(id(20));
  const link = `https://dialpad.com/blob/voicemail/${recordingId}.mp3`;
  return [
    entry.tell('ringing', start + 900, { date_rang: start + 900 }),
    entry.tell('voicemail', beepAt),
    entry.tell('hangup', endsAt, ended(endsAt, start, null)),
    entry.tell('voicemail_uploaded', endsAt + 7_750, {
      voicemail_link: link,
      voicemail_recording_id: recordingId,
      recording_details: [
        { id: recordingId, duration: durationMs, start_time: beepAt, recording_type: 'voicemail', url: link },
      ],
    }),
    entry.tell('transcription', endsAt + 25_000, {
      transcription_text: 'Hi, this is about my order. Please call me back.',
    }),
  ];
}

function outgoingEntry({ of, start, id, customer, userIndex }: Scene) {
  const user = at(of.users, userIndex);
  return leg({
    callId: id(0),
    direction: 'outbound',
    startedAt: start,
    customer,
    internalNumber: user.phone,
    target: userTarget(user, of),
  });
}

function outbound(scene: Scene): CallEventPayload[] {
  const { start, between } = scene;
  const entry = outgoingEntry(scene);
  const connectedAt = start + between(4_000, 25_000);
  const endsAt = connectedAt + between(20_000, 400_000);
  return [
    entry.tell('calling', start + 300),
    entry.tell('ringing', start + 1_200, { date_rang: start + 1_200 }),
    entry.tell('connected', connectedAt, { date_connected: connectedAt }),
    entry.tell('hangup', endsAt, ended(endsAt, start, connectedAt)),
    entry.tell('recording', endsAt + 6_000, recordingOf(entry.callId, connectedAt, endsAt - connectedAt)),
    entry.tell('call_transcription', endsAt + 18_000, {
      transcription_text: 'Hello, I am calling about your order.',
    }),
    entry.tell('recap_summary', endsAt + 25_000, { recap_summary: 'The agent asked about an order.' }),
  ];
}

function outboundUnanswered(scene: Scene): CallEventPayload[] {
  const { start, between } = scene;
  const entry = outgoingEntry(scene);
  const endsAt = start + between(10_000, 45_000);
  return [
    entry.tell('calling', start + 300),
    entry.tell('ringing', start + 1_200, { date_rang: start + 1_200 }),
    entry.tell('hangup', endsAt, ended(endsAt, start, null)),
  ];
}

function blocked({ of, start, id, customer }: Scene): CallEventPayload[] {
  const entry = leg({
    callId: id(0),
    direction: 'inbound',
    startedAt: start,
    customer,
    internalNumber: of.mainLine.phone,
    target: officeTarget(of),
  });
  return [
    entry.tell('blocked', start + 200),
    entry.tell('hangup', start + 400, ended(start + 400, start, null)),
  ];
}
