import * as z from 'zod';
import { callStatuses } from '#providers/provider.ts';

/** What events say of their subjects: the `data` of each. Fields are only ever added. */

const Id = z.uuid();
const Time = z.iso.datetime({ precision: 3 });
const Phone = z.string().describe('E.164.');
const Money = z.object({
  amount: z.number().int().describe('In minor units.'),
  currency: z.string().describe('ISO 4217.'),
});

export const CallData = z.object({
  id: Id,
  provider: z.string().describe('dialpad, retell, twilio, webrtc, manual or incoming.'),
  providerCallId: z.string().describe('The provider’s id of the conversation.'),
  direction: z.enum(['inbound', 'outbound']).nullable(),
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

export const OrderData = z.object({
  id: Id,
  number: z.string().describe('For people.'),
  status: z.string(),
  customerId: Id.nullable(),
  total: Money,
  createdAt: Time,
  updatedAt: Time,
});

export const PaymentData = z.object({
  id: Id,
  orderId: Id.nullable(),
  provider: z.string(),
  status: z.string(),
  amount: Money,
  failureReason: z.string().nullable(),
  createdAt: Time,
});

export const CampaignData = z.object({
  id: Id,
  name: z.string(),
  status: z.string(),
  contacts: z.number().int().describe('How many it is to call.'),
  startedAt: Time,
  completedAt: Time.nullable(),
});

export const CustomerData = z.object({
  id: Id,
  name: z.string(),
  email: z.string().nullable(),
  phone: Phone.nullable(),
  createdAt: Time,
  updatedAt: Time,
});

export const AppointmentData = z.object({
  id: Id,
  title: z.string(),
  status: z.string(),
  agentId: Id.nullable(),
  customerId: Id.nullable(),
  startsAt: Time,
  endsAt: Time,
  timezone: z.string().describe('IANA name, as Europe/Berlin.'),
});
