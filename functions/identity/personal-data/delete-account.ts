import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { enteredPassword, requirePassword } from '#core/security/passwords.ts';
import {
  addresseeOf,
  callingPerson,
  daysToThinkAgain,
  endSessions,
  mailTo,
  pageLink,
} from '../auth/public.ts';
import { auditOfPerson, companiesOf, requireNobodyDependsOn } from './shared/deletion.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/settings/account',
  summary: 'Delete your account',
  description: `Ends all sessions and stops one’s own API keys at once, and erases the person ${daysToThinkAgain} days later: until then, logging in and POST /api/settings/account/keep takes it back. Who owns a company with other people in it must first make another an owner; an account that such a company has come to depend on meanwhile is not erased before.`,
  who: ['user'],
  limit: 'strict',
  body: 'json',
  input: z.object({ password: enteredPassword.describe('Proves that it is you.') }),
  output: z.object({ deletesAt: z.iso.datetime() }).meta({ id: 'AccountDeletion' }),
  status: 202,
  errors: ['WRONG_PASSWORD', 'CONFLICT'],
  async handle({ ctx, input }) {
    const { userId } = callingPerson(ctx);
    const [account] = await ctx.dbAs('auth', 'look up the caller’s password', (tx) =>
      rowsOf<{ password_hash: string | null }>(
        tx,
        sql`select password_hash from users where id = ${userId}::uuid`,
      ),
    );
    await requirePassword(account?.password_hash, input.password);
    const deletesAt = new Date(ctx.now().getTime() + daysToThinkAgain * 86_400_000).toISOString();
    await ctx.dbAs('auth', 'mark the caller’s account for deletion', async (tx) => {
      // What the person's keys write meanwhile asks for the membership with its commit (0053).
      await rowsOf(
        tx,
        sql`select 1 from memberships where user_id = ${userId}::uuid order by company_id for no key update`,
      );
      await requireNobodyDependsOn(tx, userId);
      await rowsOf(
        tx,
        sql`update users set deletes_at = ${deletesAt}::timestamptz where id = ${userId}::uuid`,
      );
      await endSessions(tx, userId, 'account_deleted');
      const addressee = await addresseeOf(tx, userId);
      const data = { name: addressee?.name ?? '', at: deletesAt, link: pageLink('/keep-account', {}) };
      if (addressee) await mailTo(tx, addressee, { template: 'account-deletion', data });
      await auditOfPerson(tx, ctx, userId, await companiesOf(tx, userId), {
        action: 'user.deletion_requested',
        after: { deletesAt },
      });
    });
    return { deletesAt };
  },
});
