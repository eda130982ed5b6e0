import type * as z from 'zod';
import type { CallData, MessageData, VoicemailData } from '#telephony/model/events.ts';
import type {
  AppointmentData,
  CampaignData,
  CustomerData,
  OrderData,
  PaymentData,
} from './catalogue-data.ts';

/** What each kind of event looks like, for the authors of receivers, and for tests of webhooks. */

const agentId = '019a8c1e-2f40-7c11-9a55-0d6c1b8e4a01';
const customerId = '019a8c1e-2f40-7c11-9a55-0d6c1b8e4a02';
const orderId = '019a8c1e-2f40-7c11-9a55-0d6c1b8e4a03';

export const startedCall = {
  id: '019a8c1f-83d1-7d3a-8d2e-5b7f0a4c9e10',
  provider: 'dialpad',
  providerCallId: '5071283746120192',
  direction: 'inbound',
  status: 'ringing',
  from: '+14155550101',
  to: '+14155550199',
  agentId: null,
  providerAgentId: null,
  startedAt: '2026-03-02T09:30:00.000Z',
  answeredAt: null,
  endedAt: null,
  durationMs: null,
  cost: null,
  summary: null,
  sentiment: null,
  successful: null,
  disconnectionReason: null,
  tags: [],
  metadata: {},
} satisfies z.infer<typeof CallData>;

export const answeredCall = {
  ...startedCall,
  status: 'in_progress',
  agentId,
  providerAgentId: '6201774325309440',
  answeredAt: '2026-03-02T09:30:11.420Z',
} satisfies z.infer<typeof CallData>;

export const completedCall = {
  ...answeredCall,
  status: 'completed',
  endedAt: '2026-03-02T09:34:45.900Z',
  durationMs: 274480,
  disconnectionReason: 'user_hangup',
} satisfies z.infer<typeof CallData>;

export const analyzedCall = {
  ...completedCall,
  provider: 'retell',
  providerCallId: 'call_4fd8a3b1c27e90a6d5b8e1f20c7',
  providerAgentId: 'agent_3b946b59f6b0e8a7d1',
  cost: { amount: 41.25, currency: 'USD' },
  summary: 'The caller moved their appointment from Tuesday to Thursday at ten.',
  sentiment: 'positive',
  successful: true,
  tags: ['rescheduled'],
  metadata: { ticket: 'T-1042' },
} satisfies z.infer<typeof CallData>;

export const missedCall = {
  ...startedCall,
  status: 'missed',
  endedAt: '2026-03-02T09:30:38.000Z',
} satisfies z.infer<typeof CallData>;

export const message = {
  id: '019a8c21-10aa-7b02-b3c9-2f6a9d07e311',
  provider: 'dialpad',
  providerMessageId: '4984190213521408',
  from: '+14155550101',
  to: ['+14155550199'],
  body: 'Can you call me back after five?',
  mediaUrls: [],
  sentAt: '2026-03-02T09:41:07.000Z',
} satisfies z.infer<typeof MessageData>;

export const voicemail = {
  id: '019a8c22-9b3e-7a44-8f10-c0d1e2f30412',
  provider: 'dialpad',
  callId: startedCall.id,
  providerCallId: startedCall.providerCallId,
  from: '+14155550101',
  to: '+14155550199',
  durationMs: 21000,
  receivedAt: '2026-03-02T09:31:04.000Z',
} satisfies z.infer<typeof VoicemailData>;

export const order = {
  id: orderId,
  number: '2026-000341',
  status: 'pending',
  customerId,
  total: { amount: 129900, currency: 'EUR' },
  createdAt: '2026-03-02T10:00:00.000Z',
  updatedAt: '2026-03-02T10:00:00.000Z',
} satisfies z.infer<typeof OrderData>;

export const payment = {
  id: '019a8c23-55d0-7e21-a0b4-93e7d5c2f513',
  orderId,
  provider: 'razorpay',
  status: 'initiated',
  amount: { amount: 129900, currency: 'EUR' },
  failureReason: null,
  createdAt: '2026-03-02T10:02:30.000Z',
} satisfies z.infer<typeof PaymentData>;

export const campaign = {
  id: '019a8c24-7788-7f30-9c61-4b2e0f8a6d14',
  name: 'Spring check-ups',
  status: 'running',
  contacts: 480,
  startedAt: '2026-03-02T11:00:00.000Z',
  completedAt: null,
} satisfies z.infer<typeof CampaignData>;

export const customer = {
  id: customerId,
  name: 'Ada Okafor',
  email: 'ada@example.com',
  phone: '+14155550101',
  createdAt: '2026-02-11T08:15:00.000Z',
  updatedAt: '2026-03-02T10:00:00.000Z',
} satisfies z.infer<typeof CustomerData>;

export const appointment = {
  id: '019a8c25-0c1d-7a52-8e73-6f5d4c3b2a15',
  title: 'Check-up',
  status: 'confirmed',
  agentId,
  customerId,
  startsAt: '2026-03-05T09:00:00.000Z',
  endsAt: '2026-03-05T09:30:00.000Z',
  timezone: 'Europe/Berlin',
} satisfies z.infer<typeof AppointmentData>;
