import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { asJson } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { callingPerson } from '#identity/auth/public.ts';
import { Notification, notificationShape } from './shared/notification.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PATCH',
  path: '/api/notifications/:id/read',
  summary: 'Mark one of your own notifications as read',
  description: 'Of one that was read before, the first time stays.',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: Notification,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const [row] = await ctx.dbAs('pipeline', 'mark a notification of the caller as read', (tx) =>
      rowsOf<{ item: string }>(
        tx,
        sql`update notifications set read_at = coalesce(read_at, now())
          where id = ${input.id}::uuid and user_id = ${userId}::uuid and company_id = ${companyId}::uuid
            and deleted_at is null
          returning ${asJson(notificationShape)} as item`,
      ),
    );
    if (!row) throw new AppError('NOT_FOUND');
    return Notification.parse(JSON.parse(row.item));
  },
});
