import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { outgoingUrl } from '#core/clients/outgoing/url.ts';
import { isoTime, shapeOf } from '#core/database/shape.ts';
import { webhookEndpoints } from '#db/schema/settings.ts';
import { eventTypes } from './catalogue.ts';
import { headersInput } from './custom-headers.ts';

/** What a test is sent as, unless it is said. */
export const testType = 'webhook.test';
/** For so long after a new secret was made, the one before it signs along. */
export const overlapHours = 24;

const eventsInput = z
  .array(
    z.enum([...eventTypes, '*'], {
      error: 'must be an event such as call.completed, or * for all: GET /api/webhooks/events lists them',
    }),
  )
  .min(1, 'must name an event, or * for all')
  .max(eventTypes.length + 1)
  .transform((list) => (list.includes('*') ? ['*'] : [...new Set(list)]));
const descriptionInput = z.string().trim().min(1, 'must not be empty').max(500);

/** What is said of a new webhook. */
export const newWebhook = {
  url: outgoingUrl.describe('https; outside production, http too.'),
  events: eventsInput.default(['*']).describe('What it is told of; `*` is everything.'),
  description: descriptionInput.nullable().optional(),
  isActive: z.boolean().default(true).describe('Only while it is on, deliveries are made and sent.'),
  headers: headersInput
    .nullable()
    .optional()
    .describe('Go along with each delivery. Their values are stored encrypted, and never shown.'),
};
export type NewWebhook = z.output<z.ZodObject<typeof newWebhook>>;

/** What can be changed of one; what is absent stays. */
export const webhookChanges = {
  url: outgoingUrl.optional().describe('What waits goes there too.'),
  events: eventsInput.optional(),
  description: descriptionInput.nullable().optional(),
  isActive: z
    .boolean()
    .optional()
    .describe(
      'True: on again, whatever switched it off; what waited is sent. What happened meanwhile is not.',
    ),
  headers: headersInput.nullable().optional().describe('All of them: those that are absent are gone.'),
};
export type WebhookChanges = z.output<z.ZodObject<typeof webhookChanges>>;

/** A webhook as it is shown; its secret is only in the answer that makes it. */
export const Webhook = z
  .object({
    id: z.uuid(),
    url: z.string(),
    events: z.array(z.string()).describe('`*` is every event.'),
    description: z.string().nullable(),
    isActive: z.boolean(),
    headerNames: z.array(z.string()).describe('Of the headers that go along; their values are not shown.'),
    createdBy: z.uuid().nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    failingSince: z.iso.datetime().nullable().describe('Since then every attempt has failed.'),
    disabledAt: z.iso.datetime().nullable().describe('When it was switched off for failing too long.'),
    disabledReason: z.string().nullable(),
    rotationEndsAt: z.iso
      .datetime()
      .nullable()
      .describe('Until then, the secret before the current one signs along.'),
  })
  .meta({ id: 'WebhookEndpoint' });
export type Webhook = z.infer<typeof Webhook>;

export const WebhookWithSecret = Webhook.extend({
  secret: z.string().describe('Deliveries are signed with it. Shown this once: keep it.'),
}).meta({ id: 'WebhookEndpointWithSecret' });

/** What is told of one that is gone. */
export const DeletedWebhook = z
  .object({ id: z.uuid(), url: z.string() })
  .meta({ id: 'DeletedWebhookEndpoint' });

export const webhookShape = shapeOf(Webhook, {
  id: webhookEndpoints.id,
  url: webhookEndpoints.url,
  events: webhookEndpoints.events,
  description: webhookEndpoints.description,
  isActive: webhookEndpoints.isActive,
  headerNames: webhookEndpoints.headerNames,
  createdBy: webhookEndpoints.createdBy,
  createdAt: webhookEndpoints.createdAt,
  updatedAt: webhookEndpoints.updatedAt,
  failingSince: webhookEndpoints.failingSince,
  disabledAt: webhookEndpoints.disabledAt,
  disabledReason: webhookEndpoints.disabledReason,
  rotationEndsAt: sql`case when ${webhookEndpoints.rotationEndsAt} > now()
    then ${isoTime(webhookEndpoints.rotationEndsAt)} end`,
});

/** What a webhook is set to. */
export interface WebhookSettings {
  url: string;
  events: string[];
  description: string | null;
  isActive: boolean;
  headers: Record<string, string>;
}

/** What the audit log is told of it: a query may hold a token, and headers, which are named only, open the receiver. */
export function webhookTold(
  webhook: Omit<WebhookSettings, 'headers'> & { headers: string[] },
): Record<keyof WebhookSettings, unknown> {
  const { origin, pathname, search } = new URL(webhook.url);
  return { ...webhook, url: `${origin}${pathname}${search && '?…'}` };
}
