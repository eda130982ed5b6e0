import {
  bodySchemaOf,
  catalogueEntries,
  dataSchemaOf,
  type EventType,
  exampleOf,
} from '../../functions/outgoing/webhooks/shared/catalogue.ts';
import { pascal } from './openapi-names.ts';
import type { SchemaBook } from './openapi-schemas.ts';

type Json = Record<string, unknown>;

export const webhookTag = {
  name: 'Webhook events',
  description:
    'The requests that this API sends to the address of a webhook, one for each event. Answer 2xx within 15 seconds and do the work afterwards. A delivery can come twice and late: `webhook-id` is the same each time, `sequence` says which event came first.',
};

const header = (name: string, description: string, schema: Json, example: string): Json => ({
  name,
  in: 'header',
  required: true,
  description,
  schema,
  example,
});

/** The headers of a delivery by which a receiver knows that it is ours: those of Standard Webhooks. */
export const webhookParameters: Readonly<Record<string, Json>> = {
  WebhookId: header(
    'webhook-id',
    'The id of the event: the same in every attempt.',
    { type: 'string', format: 'uuid' },
    exampleOf('call.completed').id,
  ),
  WebhookTimestamp: header(
    'webhook-timestamp',
    'When it was sent, in seconds since 1970. Refuse one that is more than five minutes off.',
    { type: 'string', pattern: '^\\d{10}$' },
    '1772444085',
  ),
  WebhookSignature: header(
    'webhook-signature',
    '`v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`, keyed with the bytes behind `whsec_`. For 24 hours after a new secret was made there are two, separated by a space.',
    { type: 'string', maxLength: 200 },
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  ),
};

/** The `webhooks` of the document: every event that this version sends, with the schema of its body. */
export function webhooksOf(schemas: SchemaBook): Json {
  return Object.fromEntries(
    catalogueEntries()
      .filter(({ isAvailable }) => isAvailable)
      .map(({ type, description }) => [type, { post: deliveryOf(type, description, schemas) }]),
  );
}

function deliveryOf(type: EventType, description: string, schemas: SchemaBook): Json {
  const data = schemas.name(
    `${pascal(type.split('.')[0] ?? type)}EventData`,
    schemas.add(dataSchemaOf(type), 'input'),
  );
  const body = schemas.add(bodySchemaOf(type), 'input');
  const schema = schemas.name(`${pascal(type)}Event`, { ...body, properties: { ...body.properties, data } });
  return {
    operationId: `on${pascal(type)}`,
    summary: type,
    description,
    tags: [webhookTag.name],
    security: [],
    parameters: Object.keys(webhookParameters).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    requestBody: {
      required: true,
      description: 'The event: the bytes that the signature is over.',
      content: { 'application/json': { schema, example: exampleOf(type) } },
    },
    responses: {
      '2XX': { description: 'You have it. The answer’s body is not needed.' },
      '410': { description: 'You want no more: the webhook is switched off.' },
      default: { description: 'Any other answer is a failure: the delivery is tried again, for four days.' },
    },
  };
}
