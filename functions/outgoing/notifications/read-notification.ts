import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';

import { endpoint } from '#core/endpoint.ts';
import { Notification, notificationShape } from './shared/notification.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PATCH',
  path: '/api/notifications/:id/read',
  summary: 'Mark one of your notifications as read',
  description: 'Of one that was read before, the first time stays.',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: Notification,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    return await ctx.db((tx) =>
      itemOf(
        tx,
        Notification,
        sql`update notifications set read_at = coalesce(read_at, now())
          where id = ${input.id}::uuid and deleted_at is null
          returning ${asJson(notificationShape)} as item`,
      ),
    );
  },
});
