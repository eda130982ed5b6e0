import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany } from '#core/database/filters.ts';
import { shapeOf } from '#core/database/shape.ts';
import { notifications } from '#db/schema/notifications.ts';
import { noticeKinds } from './kinds.ts';
import { categories } from './preferences.ts';

export const categoryInput = z.enum(categories).meta({ id: 'NotificationCategory' });
export const typeInput = z.enum(noticeKinds).meta({ id: 'NotificationType' });

export const Notification = z
  .object({
    id: z.uuid(),
    type: z.string().describe('What happened: `call.missed`.'),
    category: z.string(),
    title: z.string().describe('In the language of its reader, as is the message.'),
    message: z.string(),
    link: z.string().nullable().describe('Where in the front end there is more: a path.'),
    data: z.record(z.string(), z.unknown()).describe('What it is about, by the type: ids, number, times.'),
    eventId: z.uuid().nullable().describe('The event of the company’s log that it tells of.'),
    isUrgent: z.boolean(),
    isRead: z.boolean(),
    readAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Notification' });

export const notificationShape = shapeOf(Notification, {
  id: notifications.id,
  type: notifications.type,
  category: notifications.category,
  title: notifications.title,
  message: notifications.message,
  link: notifications.link,
  data: notifications.data,
  eventId: notifications.eventId,
  isUrgent: notifications.isUrgent,
  isRead: sql`${notifications.readAt} is not null`,
  readAt: notifications.readAt,
  createdAt: notifications.createdAt,
});

/** The policy says the same; this gives the planner the index without looking through it. */
export const callersOwn = sql`${callersCompany(notifications.companyId)}
  and ${notifications.userId} = (select private.caller_id()) and ${notifications.deletedAt} is null`;
