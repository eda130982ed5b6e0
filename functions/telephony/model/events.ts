import * as z from 'zod';
import { callStatuses } from './status.ts';
import { directions } from './words.ts';

/** What events of calls, messages and voicemails carry: the `data` of each. Fields are only ever added. */

const Id = z.uuid();
const Time = z.iso.datetime({ precision: 3 });
const Phone = z.string().describe('E.164.');

export const CallData = z.object({
  id: Id,
  provider: z.string().describe('dialpad, retell, twilio, webrtc, manual or incoming.'),
  providerCallId: z.string().describe('The provider’s id of the conversation.'),
  direction: z.enum(directions).nullable(),
  status: z.enum(callStatuses),
  from: Phone.nullable(),
  to: Phone.nullable(),
  agentId: Id.nullable(),
  providerAgentId: z.string().nullable(),
  startedAt: Time,
  answeredAt: Time.nullable(),
  endedAt: Time.nullable(),
  durationMs: z.number().int().nullable(),
  cost: z
    .object({
      amount: z.number().describe('In minor units; providers bill fractions of a cent.'),
      currency: z.string().nullable(),
    })
    .nullable(),
  summary: z.string().nullable(),
  sentiment: z.string().nullable().describe('positive, neutral, negative or unknown.'),
  successful: z.boolean().nullable(),
  disconnectionReason: z.string().nullable(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.unknown()).describe('Your own, as the provider carried it along.'),
});

export const MessageData = z.object({
  id: Id,
  provider: z.string(),
  providerMessageId: z.string(),
  from: Phone.nullable(),
  to: z.array(Phone),
  body: z.string().nullable(),
  mediaUrls: z.array(z.string()),
  sentAt: Time,
});

export const VoicemailData = z.object({
  id: Id,
  provider: z.string(),
  callId: Id.nullable(),
  providerCallId: z.string(),
  from: Phone.nullable(),
  to: Phone.nullable(),
  durationMs: z.number().int().nullable(),
  receivedAt: Time,
});

/** The schema of each event's data. What writes to the outbox is held to them by its types. */
export const telephonyEvents = {
  'call.started': CallData,
  'call.completed': CallData,
  'call.transferred': CallData,
  'call.missed': CallData,
  'call.analyzed': CallData,
  'message.received': MessageData,
  'voicemail.received': VoicemailData,
} as const satisfies Record<string, z.ZodObject>;

export type TelephonyEventType = keyof typeof telephonyEvents;
/** The `data` of each event. */
export type TelephonyEventData = { [T in TelephonyEventType]: z.infer<(typeof telephonyEvents)[T]> };
