import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { shapeOf } from '#core/shape.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';

/** What a webhook can be told of. */
export const webhookEvents = [
  'call.started',
  'call.completed',
  'call.transferred',
  'call.missed',
  'call.analyzed',
  'message.received',
  'voicemail.received',
  'order.created',
  'order.updated',
  'order.completed',
  'order.cancelled',
  'payment.initiated',
  'payment.completed',
  'payment.failed',
  'payment.refunded',
  'campaign.started',
  'campaign.completed',
  'customer.created',
  'customer.updated',
  'appointment.created',
  'appointment.cancelled',
] as const;

export const mostWebhooks = 50;

export const eventsInput = z
  .array(z.enum([...webhookEvents, '*'], { error: 'must be an event such as call.completed, or * for all' }))
  .min(1, 'must name an event, or * for all')
  .max(webhookEvents.length + 1)
  .transform((list) => (list.includes('*') ? ['*'] : [...new Set(list)]));

/** A webhook as it is shown; its secret is only in the answer that makes it. */
export const Webhook = z.object({
  id: z.uuid(),
  url: z.string(),
  events: z.array(z.string()).describe('`*` is every event.'),
  description: z.string().nullable(),
  isActive: z.boolean(),
  createdBy: z.uuid().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  disabledAt: z.iso.datetime().nullable().describe('When it was switched off for failing too long.'),
  disabledReason: z.string().nullable(),
});

export const webhookShape = shapeOf(Webhook, {
  id: webhookEndpoints.id,
  url: webhookEndpoints.url,
  events: webhookEndpoints.events,
  description: webhookEndpoints.description,
  isActive: webhookEndpoints.isActive,
  createdBy: webhookEndpoints.createdBy,
  createdAt: webhookEndpoints.createdAt,
  updatedAt: webhookEndpoints.updatedAt,
  disabledAt: webhookEndpoints.disabledAt,
  disabledReason: webhookEndpoints.disabledReason,
});

/** After Standard Webhooks: `whsec_` and 32 bytes in base64. */
export const makeWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** What the audit log is told of it: an address may hold a token in its query. */
export function webhookTold({ url, events }: { url: string; events: string[] }): Record<string, unknown> {
  const { origin, pathname } = new URL(url);
  return { url: `${origin}${pathname}`, events };
}
