import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { timeInput } from '#core/http/input.ts';
import { callingPerson } from '#identity/auth/public.ts';
import { categoryInput } from './shared/notification.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PATCH',
  path: '/api/notifications/read-all',
  summary: 'Mark all of your notifications as read',
  description: 'The answer says how many were unread.',
  who: ['user'],
  input: z.object({
    category: categoryInput.optional(),
    before: timeInput
      .optional()
      .describe('Only those that came before this: what was not seen yet stays unread.'),
  }),
  output: z
    .object({ updated: z.int32().describe('How many were unread until now.') })
    .meta({ id: 'ReadNotifications' }),
  async handle({ ctx, input }) {
    const { userId, companyId } = callingPerson(ctx);
    const { category = null, before = null } = input;
    const [row] = await ctx.db((tx) =>
      rowsOf<{ updated: number }>(
        tx,
        // Two at once take the rows in the same order, so that neither waits for the other for ever.
        sql`with unread as (
            select id from notifications
             where user_id = ${userId}::uuid and company_id = ${companyId}::uuid and read_at is null and deleted_at is null
               and (${category}::text is null or category = ${category}::text)
               and (${before}::timestamptz is null or created_at < ${before}::timestamptz)
             order by id for no key update),
          read as (update notifications set read_at = now() from unread where notifications.id = unread.id returning 1)
          select count(*)::int as updated from read`,
      ),
    );
    return { updated: row?.updated ?? 0 };
  },
});
