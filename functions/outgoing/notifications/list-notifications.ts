import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { equals } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { notifications } from '#db/schema/notifications.ts';
import {
  callersOwn,
  categoryInput,
  Notification,
  notificationShape,
  typeInput,
} from './shared/notification.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/notifications',
  summary: 'List your notifications, newest first',
  description: 'Those of the company that the session is in. Read ones are kept for 90 days, all for 180.',
  who: ['user'],
  input: pageInput.extend({
    category: categoryInput.optional().describe('Only notifications of this category.'),
    type: typeInput.optional().describe('Only notifications of this type.'),
    isRead: z
      .enum(['true', 'false'])
      .optional()
      .describe('Only notifications that were read, or that were not.'),
  }),
  output: Notification,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const readings = {
      true: sql`${notifications.readAt} is not null`,
      false: sql`${notifications.readAt} is null`,
    };
    return listOf({
      shape: notificationShape,
      from: sql`${notifications}`,
      id: notifications.id,
      where: [
        callersOwn,
        equals(notifications.category, input.category),
        equals(notifications.type, input.type),
        input.isRead && readings[input.isRead],
      ],
      sort: { by: notifications.createdAt, kind: 'time' },
      identity: { list: 'notifications', ...identity },
      input,
    });
  },
});
