import * as z from 'zod';
import { CallData, MessageData, type TelephonyEventType, VoicemailData } from '#telephony/model/events.ts';
import { AppointmentData, CampaignData, CustomerData, OrderData, PaymentData } from './catalogue-data.ts';
import * as examples from './catalogue-examples.ts';

interface Described<S extends z.ZodObject> {
  description: string;
  /** Whether this version sends it; else it is of a feature that is still to come. */
  isAvailable: boolean;
  data: S;
  example: z.infer<S>;
}
const sent = <S extends z.ZodObject>(description: string, schema: S, example: z.infer<S>): Described<S> => ({
  description,
  isAvailable: true,
  data: schema,
  example,
});
const planned = <S extends z.ZodObject>(
  description: string,
  schema: S,
  example: z.infer<S>,
): Described<S> => ({
  description: `${description} This version does not send it yet.`,
  isAvailable: false,
  data: schema,
  example,
});

const { order, payment, campaign, customer, appointment } = examples;

/** Every event that a webhook can hear of. */
const catalogue = {
  'call.started': sent('We heard of a call for the first time.', CallData, examples.startedCall),
  'call.completed': sent(
    'A call came to its end: somebody answered it, it failed or was cancelled, or it was one of ours that nobody took (`outbound`, with the status `missed` or `voicemail`).',
    CallData,
    examples.completedCall,
  ),
  'call.transferred': sent('A call was handed on to somebody else.', CallData, examples.answeredCall),
  'call.missed': sent(
    'Somebody called and nobody answered, also when they left a voicemail. Never an outbound call.',
    CallData,
    examples.missedCall,
  ),
  'call.analyzed': sent('What was said in a call was summed up and rated.', CallData, examples.analyzedCall),
  'message.received': sent('A text message came in.', MessageData, examples.message),
  'voicemail.received': sent('A caller left a voicemail.', VoicemailData, examples.voicemail),
  'order.created': planned('An order was placed.', OrderData, order),
  'order.updated': planned('An order was changed.', OrderData, order),
  'order.completed': planned('An order was fulfilled.', OrderData, { ...order, status: 'completed' }),
  'order.cancelled': planned('An order was cancelled.', OrderData, { ...order, status: 'cancelled' }),
  'payment.initiated': planned('A payment was begun.', PaymentData, payment),
  'payment.completed': planned('A payment came in.', PaymentData, { ...payment, status: 'completed' }),
  'payment.failed': planned('A payment failed.', PaymentData, {
    ...payment,
    status: 'failed',
    failureReason: 'The bank declined it.',
  }),
  'payment.refunded': planned('A payment was given back.', PaymentData, { ...payment, status: 'refunded' }),
  'campaign.started': planned('A campaign began to call.', CampaignData, campaign),
  'campaign.completed': planned('A campaign has called everybody.', CampaignData, {
    ...campaign,
    status: 'completed',
    completedAt: '2026-03-02T16:20:00.000Z',
  }),
  'customer.created': planned('A customer was added.', CustomerData, customer),
  'customer.updated': planned('A customer was changed.', CustomerData, customer),
  'appointment.created': planned('An appointment was made.', AppointmentData, appointment),
  'appointment.cancelled': planned('An appointment was cancelled.', AppointmentData, {
    ...appointment,
    status: 'cancelled',
  }),
} satisfies Record<string, Described<z.ZodObject>> & Record<TelephonyEventType, unknown>;

export type EventType = keyof typeof catalogue;
/** The `data` of each event. */
export type EventData = { [T in EventType]: z.infer<(typeof catalogue)[T]['data']> };

export const eventTypes = Object.keys(catalogue) as [EventType, ...EventType[]]; // the catalogue's own names

/** The schema of what an event says of its subject. */
export const dataSchemaOf = (type: EventType): z.ZodObject => catalogue[type].data;

/** An event as receivers get it: the body of a delivery. */
export const bodySchemaOf = (type: EventType) =>
  z.object({
    id: z.uuid().describe('Of the event: the same in every attempt, and in the header webhook-id.'),
    type: z.literal(type),
    sequence: z
      .number()
      .int()
      .min(0)
      .describe('Its place in the log of the company’s events, from 1 and without gaps; 0 in a test.'),
    timestamp: z.iso.datetime({ precision: 3 }).describe('When it happened.'),
    data: dataSchemaOf(type),
  });

/** When the examples happened, where it matters to their data. */
const exampleTimes: Partial<Record<EventType, string>> = {
  'call.started': examples.startedCall.startedAt,
  'call.transferred': '2026-03-02T09:32:20.000Z',
  'call.completed': examples.completedCall.endedAt,
  'call.missed': examples.missedCall.endedAt,
  'call.analyzed': '2026-03-02T09:34:52.310Z',
  'message.received': examples.message.sentAt,
  'voicemail.received': examples.voicemail.receivedAt,
};

/** An event of this type, made up. */
export const exampleOf = (type: EventType) => ({
  id: `019a8c30-${eventTypes.indexOf(type).toString(16).padStart(4, '0')}-7000-8000-6d0f3c2b1a00`,
  type,
  sequence: eventTypes.indexOf(type) + 1041,
  timestamp: exampleTimes[type] ?? '2026-03-02T16:20:00.000Z',
  data: catalogue[type].example,
});

export const CatalogueEntry = z
  .object({
    type: z.enum(eventTypes).meta({ id: 'EventType' }),
    description: z.string(),
    isAvailable: z.boolean().describe('Whether this version sends it.'),
    schema: z.record(z.string(), z.unknown()).describe('JSON Schema (2020-12) of the body of a delivery.'),
    example: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'EventCatalogueEntry' });

/**
 * The catalogue for authors of receivers. Receivers must bear fields that are added later: the schemas do. Made by
 * `npm run generate`: what makes JSON Schemas is in no deployed function.
 */
export const catalogueEntries = (): z.infer<typeof CatalogueEntry>[] =>
  eventTypes.map((type) => ({
    type,
    description: catalogue[type].description,
    isAvailable: catalogue[type].isAvailable,
    schema: z.toJSONSchema(bodySchemaOf(type), { io: 'input' }),
    example: exampleOf(type),
  }));
