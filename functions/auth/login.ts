import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { enteredPassword, verifyPassword } from '#core/passwords.ts';
import { emailInput, LoggedIn, normalEmail } from './shared/account.ts';
import { loggedIn, startSession } from './shared/session-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/login',
  summary: 'Log in with e-mail address and password',
  description: 'In the company used last, else the one joined first.',
  who: ['public'],
  input: z.object({ email: emailInput, password: enteredPassword }),
  output: LoggedIn,
  envelope: 'none',
  errors: ['UNAUTHENTICATED', 'FORBIDDEN'],
  async handle({ ctx, input }) {
    const account = await ctx.dbAsService('look up an account before there is a caller', async (tx) => {
      const [found] = await rowsOf<{ id: string; password_hash: string | null }>(
        tx,
        sql`select id, password_hash from users where email_normal = ${normalEmail(input.email)}`,
      );
      return found;
    });
    // No transaction is open meanwhile: hashing takes longer than all else, and connections are few.
    const isRight = await verifyPassword(account?.password_hash, input.password);
    if (!account?.password_hash || !isRight) {
      throw new AppError('UNAUTHENTICATED', { message: 'The e-mail address or the password is wrong.' });
    }
    const verified = { userId: account.id, passwordHash: account.password_hash };
    const session = await ctx.dbAsService('begin a session before there is a caller', (tx) =>
      startSession(tx, ctx, verified),
    );
    if (!session)
      throw new AppError('FORBIDDEN', { message: 'The account is deactivated or belongs to no company.' });
    return await loggedIn(session, ctx.now());
  },
});
