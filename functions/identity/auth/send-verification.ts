import { sql } from 'drizzle-orm/sql';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { Done, done } from './shared/account.ts';
import { addresseeOf } from './shared/account-mail.ts';
import { queueVerification } from './shared/email-verification.ts';
import { callingPerson } from './shared/person.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/send-verification',
  summary: 'Send the mail that verifies your e-mail address again',
  description:
    'An address that is proved already gets no mail. When the link is used, this session goes on; what was set up before ends.',
  who: ['user'],
  limit: 'strict',
  output: Done,
  envelope: 'none',
  async handle({ ctx }) {
    const { userId, companyId, sessionId } = callingPerson(ctx);
    const isSent = await ctx.dbAs('auth', 'queue a verification of the caller’s address', async (tx) => {
      const open = await rowsOf(
        tx,
        sql`select from users where id = ${userId}::uuid and email_verified_at is null`,
      );
      const addressee = open.length > 0 ? await addresseeOf(tx, userId, companyId) : undefined;
      if (addressee) await queueVerification(tx, addressee, sessionId);
      return addressee !== undefined;
    });
    return done(isSent ? 'The mail is on its way.' : 'The address is verified already.');
  },
});
