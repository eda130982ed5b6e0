import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { notifications } from '#db/schema/notifications.ts';
import { callersOwn } from './shared/notification.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/notifications/unread-count',
  summary: 'Count your unread notifications',
  description: 'For the badge in an app: a count of your own in this company.',
  who: ['user'],
  output: z.object({ count: z.int32() }).meta({ id: 'UnreadCount' }),
  query: () =>
    oneOf(sql`select json_build_object('count', count(*))::text as item from ${notifications}
      where ${callersOwn} and ${notifications.readAt} is null`),
});
