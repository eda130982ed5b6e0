import * as z from 'zod';

/**
 * What events say of their subjects: the `data` of each, of domains that have no folder yet. Fields are only ever added.
 */

const Id = z.uuid();
const Time = z.iso.datetime({ precision: 3 });
const Phone = z.string().describe('E.164.');
const Money = z.object({
  amount: z.number().int().describe('In minor units.'),
  currency: z.string().describe('ISO 4217.'),
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
