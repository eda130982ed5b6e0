import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { timeInput } from '#core/http/input.ts';
import { inboundEvents } from '#db/schema/pipeline.ts';
import { ofApp, ofCompany } from '../apps/public.ts';
import { EventStatus, eventShape, StoredEvent } from './shared/event.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/events',
  summary: 'List inbound events, newest first',
  description: 'What waits, what failed and why. POST /internal/events/:id/replay does one again.',
  who: ['internal'],
  input: pageInput.extend({
    status: EventStatus.optional().describe('Only events of this status.'),
    provider: z
      .string()
      .min(1)
      .max(50)
      .optional()
      .describe(
        'Only events of this provider: `dialpad`, `retell`, `twilio`, `webrtc`, `manual` or `incoming`.',
      ),
    type: z.string().min(1).max(100).optional().describe('Only events of this type.'),
    company_id: z.uuid().optional().describe('Only events of this company.'),
    app_id: z.uuid().optional().describe('Only events of this app.'),
    received_after: timeInput.optional().describe('Only events that came in then or later.'),
    received_before: timeInput.optional().describe('Only events that came in earlier.'),
  }),
  output: StoredEvent,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: eventShape,
      from: sql`${inboundEvents}`,
      id: inboundEvents.id,
      where: [
        // Written in as a literal, one of five, so that the planner sees that the index of open events will do.
        input.status && sql`${inboundEvents.status} = ${sql.raw(`'${input.status}'`)}`,
        equals(inboundEvents.provider, input.provider),
        equals(inboundEvents.type, input.type),
        equals(inboundEvents.companyId, input.company_id),
        equals(inboundEvents.appId, input.app_id),
        since(inboundEvents.receivedAt, input.received_after),
        before(inboundEvents.receivedAt, input.received_before),
      ],
      // Ids sort by the time of receipt.
      sort: { by: inboundEvents.id, kind: 'id' },
      identity: { list: 'inbound events', ...identity },
      input,
    });
    return ofCompany(input.company_id, ofApp(input.app_id, list));
  },
});
