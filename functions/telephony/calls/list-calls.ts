import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, callersCompany, contains, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput, type Sort } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { phoneInput, timeInput } from '#core/http/input.ts';
import { calls } from '#db/schema/calls.ts';
import { Direction } from '../model/words.ts';
import { Call, CallStatus, callShape } from './shared/call.ts';
import { talliedTotal } from './shared/call-total.ts';

const sorts = {
  startedAt: { by: calls.startedAt, kind: 'time' },
  durationMs: { by: sql`coalesce(${calls.durationMs}, -1)`, kind: 'number' },
  cost: { by: sql`coalesce(${calls.costAmount}, -1)`, kind: 'number' },
} satisfies Record<string, Sort>;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/calls',
  summary: 'List calls, newest first',
  description:
    'An app’s key sees the calls that came in for its app; an agent those assigned to them or to nobody.',
  who: ['user', 'key'],
  permission: 'calls:read',
  input: pageInput.extend({
    status: CallStatus.optional().describe('Only calls of this status.'),
    direction: Direction.optional().describe('Only calls of this direction.'),
    provider: z
      .string()
      .max(50)
      .optional()
      .describe(
        'Only calls of this provider: `dialpad`, `retell`, `twilio`, `webrtc`, `manual` or `incoming`.',
      ),
    agentId: z.uuid().optional().describe('Only calls of this agent.'),
    customerId: z.uuid().optional().describe('Only calls with this customer.'),
    campaignId: z.uuid().optional().describe('Only calls of this campaign.'),
    from: phoneInput
      .optional()
      .describe('A whole number, E.164; write the plus as %2B. `search` finds a part of one.'),
    to: phoneInput
      .optional()
      .describe('A whole number, E.164; write the plus as %2B. `search` finds a part of one.'),
    sentiment: z
      .enum(['positive', 'neutral', 'negative', 'unknown'])
      .optional()
      .describe('Only calls that were rated so.'),
    startedAfter: timeInput.optional().describe('Only calls that started then or later.'),
    startedBefore: timeInput.optional().describe('Only calls that started earlier.'),
    minDurationMs: z.coerce
      .number()
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .describe('Only calls that lasted at least as long, in milliseconds.'),
    search: z.string().trim().min(1).max(200).optional().describe('In numbers, agent name and summary.'),
    sortBy: z
      .enum(['startedAt', 'durationMs', 'cost'])
      .default('startedAt')
      .describe('The field that the list is sorted by.'),
  }),
  output: Call,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: callShape,
      from: sql`${calls}`,
      id: calls.id,
      where: [
        callersCompany(calls.companyId),
        equals(calls.status, input.status),
        equals(calls.direction, input.direction),
        equals(calls.provider, input.provider),
        equals(calls.agentId, input.agentId),
        equals(calls.customerId, input.customerId),
        equals(calls.campaignId, input.campaignId),
        equals(calls.fromNumber, input.from),
        equals(calls.toNumber, input.to),
        equals(calls.sentiment, input.sentiment),
        since(calls.startedAt, input.startedAfter),
        before(calls.startedAt, input.startedBefore),
        input.minDurationMs === undefined ? undefined : sql`${calls.durationMs} >= ${input.minDurationMs}`,
        contains([calls.fromNumber, calls.toNumber, calls.agentName, calls.summary], input.search),
      ],
      sort: sorts[input.sortBy],
      identity: { list: 'calls', ...identity },
      input,
      total: talliedTotal(input),
    });
  },
});
