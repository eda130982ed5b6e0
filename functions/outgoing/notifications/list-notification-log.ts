import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, callersCompany, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { timeInput } from '#core/http/input.ts';
import { notificationSends as sends } from '#db/schema/notifications.ts';
import { channels, sendStatuses } from './shared/kinds.ts';
import { categoryInput } from './shared/notification.ts';

const Channel = z.enum(channels).meta({ id: 'NotificationChannel' });
const Status = z.enum(sendStatuses).meta({ id: 'NotificationSendStatus' });

const Send = z
  .object({
    id: z.uuid(),
    channel: Channel,
    category: z.string(),
    type: z
      .string()
      .describe('What it tells of: `call.missed`, `security.reset-password`, `team.invitation`.'),
    userId: z
      .uuid()
      .nullable()
      .describe('Null: it went to the company’s own channel, or to somebody invited.'),
    recipient: z.string().nullable().describe('As much of the address as may be shown.'),
    status: Status,
    reason: z.string().nullable().describe('Why it was skipped, or failed.'),
    provider: z.string().nullable().describe('Who took it.'),
    providerMessageId: z
      .string()
      .nullable()
      .describe('What the provider calls it, where it has a name for it.'),
    attempts: z.int32(),
    eventId: z.uuid().nullable().describe('The event of the company’s log that it tells of.'),
    createdAt: z.iso.datetime(),
    dueAt: z.iso.datetime().describe('When the next attempt is, or was: after the reader’s quiet hours.'),
    finishedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'NotificationSend' });

const sendShape = shapeOf(Send, {
  id: sends.id,
  channel: sends.channel,
  category: sends.category,
  type: sends.type,
  userId: sends.userId,
  recipient: sends.recipient,
  status: sends.status,
  reason: sql`coalesce(${sends.reason}, case ${sends.status} when 'failed' then 'No provider took it.' end)`,
  provider: sends.provider,
  providerMessageId: sends.providerMessageId,
  attempts: sends.attempts,
  eventId: sends.eventId,
  createdAt: sends.createdAt,
  dueAt: sends.dueAt,
  finishedAt: sends.finishedAt,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/notifications/log',
  summary: 'List the sent notifications of the company, newest first',
  description:
    'By e-mail, SMS, Slack and Teams, mails about accounts and invitations among them, with what became of it. Kept for 90 days.',
  who: ['user'],
  permission: 'audit:read',
  input: pageInput.extend({
    channel: Channel.optional().describe('Only entries of this channel.'),
    category: categoryInput.optional().describe('Only entries of this category.'),
    type: z.string().max(100).optional().describe('Only entries of this type.'),
    status: Status.optional().describe('Only entries of this status.'),
    userId: z.uuid().optional().describe('Only entries to this person.'),
    after: timeInput.optional().describe('Only entries of then or later.'),
    before: timeInput.optional().describe('Only entries of an earlier time.'),
  }),
  output: Send,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    return listOf({
      shape: sendShape,
      from: sql`${sends}`,
      id: sends.id,
      where: [
        callersCompany(sends.companyId),
        equals(sends.channel, input.channel),
        equals(sends.category, input.category),
        equals(sends.type, input.type),
        equals(sends.status, input.status),
        equals(sends.userId, input.userId),
        since(sends.createdAt, input.after),
        before(sends.createdAt, input.before),
      ],
      sort: { by: sends.createdAt, kind: 'time' },
      identity: { list: 'notification-log', ...identity },
      input,
    });
  },
});
