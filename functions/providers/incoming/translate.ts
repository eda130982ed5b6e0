import { type Clock, ranks } from '#telephony/model/clocks.ts';
import type { CallStatus } from '#telephony/model/status.ts';
import type {
  Announcement,
  CallFields,
  CallUpdate,
  MessageUpdate,
  Update,
  VoicemailUpdate,
} from '#telephony/model/updates.ts';
import { callSteps, IncomingEvent } from './event.ts';

const rankOfStatus: Record<CallStatus, number> = {
  scheduled: ranks.scheduled,
  queued: ranks.queued,
  ringing: ranks.ringing,
  in_progress: ranks.inProgress,
  on_hold: ranks.inProgress,
  missed: ranks.missed,
  voicemail: ranks.voicemail,
  completed: ranks.ended,
  failed: ranks.ended,
  cancelled: ranks.ended,
};
const messageRanks = { queued: 10, sent: 20, delivered: 30, failed: 30, received: 30 } as const;

/**
 * What an incoming event says, as one update. Pure.
 * @throws {ZodError} when it has none of the shapes of `IncomingEvent`.
 */
export function translate(event: unknown): Update[] {
  const parsed = IncomingEvent.parse(event);
  if (isMessage(parsed)) return [messageUpdate(parsed)];
  if (isVoicemail(parsed)) return [voicemailUpdate(parsed)];
  return [callUpdate(parsed)];
}

type MessageEvent = Extract<IncomingEvent, { data: { messageId: string } }>;
type VoicemailEvent = Extract<IncomingEvent, { data: { voicemailId: string } }>;
type CallEvent = Exclude<IncomingEvent, MessageEvent | VoicemailEvent>;

function isMessage(event: IncomingEvent): event is MessageEvent {
  return 'messageId' in event.data;
}

function isVoicemail(event: IncomingEvent): event is VoicemailEvent {
  return 'voicemailId' in event.data;
}

function callUpdate(event: CallEvent): CallUpdate {
  const { callId, transferId, details, metadata, status: said, ...rest } = event.data;
  const status = said ?? statusOfStep(event.type) ?? (rest.endedAt === undefined ? undefined : 'completed');
  // What names no status is a fact about the call, and is learned after all of its steps.
  const rank = status === undefined ? ranks.analyzed : rankOfStatus[status];
  const announce = announcementOf(event, transferId);
  return {
    kind: 'call',
    providerCallId: callId,
    clock: {
      rank: event.type === 'call.analyzed' ? ranks.analyzed : rank,
      at: firstTime(event.occurredAt, rest.endedAt, rest.answeredAt, rest.startedAt),
    },
    fields: present<CallFields>({ ...rest, status }),
    ...(details && { details }),
    ...(metadata && { metadata }),
    timeline: { type: event.type },
    ...(announce && { announce: [announce] }),
  };
}

function statusOfStep(type: string): CallStatus | undefined {
  return Object.hasOwn(callSteps, type) ? callSteps[type as keyof typeof callSteps] : undefined;
}

function announcementOf(event: CallEvent, transferId: string | undefined): Announcement | undefined {
  if (event.type === 'call.analyzed') return { type: 'call.analyzed', key: '' };
  if (event.type !== 'call.transferred') return undefined;
  return { type: 'call.transferred', key: transferId ?? event.id ?? event.occurredAt ?? '' };
}

function messageUpdate({ data, occurredAt }: MessageEvent): MessageUpdate {
  const { messageId, ...fields } = data;
  const clock: Clock = {
    rank: fields.status === undefined ? 0 : messageRanks[fields.status],
    at: firstTime(occurredAt, fields.sentAt),
  };
  return {
    kind: 'message',
    providerMessageId: messageId,
    clock,
    fields: present<MessageUpdate['fields']>(fields),
  };
}

function voicemailUpdate({ data, occurredAt }: VoicemailEvent): VoicemailUpdate {
  const { voicemailId, callId, ...fields } = data;
  return {
    kind: 'voicemail',
    providerVoicemailId: voicemailId,
    providerCallId: callId,
    clock: { rank: ranks.voicemail, at: firstTime(occurredAt, fields.receivedAt) },
    fields: present<VoicemailUpdate['fields']>(fields),
  };
}

/** The first of the times that is there, epoch ms; 0 where the sender gave none. */
function firstTime(...times: (string | undefined)[]): number {
  const first = times.find((time) => time !== undefined);
  return first === undefined ? 0 : Date.parse(first);
}

function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // What is left has the values of T, and each key that was dropped is one that T lets be absent.
  return Object.fromEntries(entries) as T;
}
