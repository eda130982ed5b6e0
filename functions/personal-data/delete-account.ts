import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { enteredPassword, verifyPassword } from '#core/passwords.ts';
import { wake } from '#core/queue.ts';
import { endSessions } from '../auth/public.ts';
import { queueMail } from '../mail/public.ts';
import { daysToThinkAgain, demandNobodyDependsOn } from './shared/deletion.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/settings/account',
  summary: 'Delete one’s own account',
  description: `Ends all sessions at once, and erases the person ${daysToThinkAgain} days later: until then, logging in and POST /api/settings/account/keep takes it back. Who owns a company with other people in it must first make another an owner.`,
  who: ['user'],
  limit: 'strict',
  body: 'json',
  input: z.object({ password: enteredPassword.describe('Proves that it is you.') }),
  output: z.object({ deletesAt: z.iso.datetime() }),
  status: 202,
  errors: ['UNAUTHENTICATED', 'CONFLICT'],
  async handle({ ctx, input }) {
    const { caller, companyId } = ctx;
    if (caller.kind !== 'user') throw new AppError('FORBIDDEN');
    const { userId } = caller;
    const [person] = await ctx.dbAsService('look up the caller’s password', (tx) =>
      rowsOf<{ password_hash: string | null; email: string; name: string; language: string }>(
        tx,
        sql`select password_hash, email, name, language from users where id = ${userId}::uuid`,
      ),
    );
    if (!(await verifyPassword(person?.password_hash, input.password)) || !person) {
      throw new AppError('UNAUTHENTICATED', { message: 'The password is wrong.' });
    }
    const deletesAt = new Date(ctx.now().getTime() + daysToThinkAgain * 86_400_000).toISOString();
    const mailId = await ctx.dbAsService('mark the caller’s account for deletion', async (tx) => {
      await demandNobodyDependsOn(tx, userId);
      await rowsOf(
        tx,
        sql`update users set deletes_at = ${deletesAt}::timestamptz where id = ${userId}::uuid`,
      );
      await endSessions(tx, userId, 'account_deleted');
      const id = await queueMail(tx, {
        to: person.email,
        language: person.language,
        companyId: null,
        userId,
        template: 'account-deletion',
        data: {
          name: person.name,
          at: deletesAt,
          link: new URL('/keep-account', env().FRONTEND_URL ?? env().PUBLIC_URL).href,
        },
      });
      await audit(tx, ctx, {
        companyId,
        action: 'user.deletion_requested',
        resource: { type: 'user', id: userId },
        after: { deletesAt },
      });
      return id;
    });
    ctx.waitUntil(wake('jobs', [mailId]));
    return { deletesAt };
  },
});
