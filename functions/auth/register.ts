import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf, type Tx } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { hashPassword, isEmail, newPassword } from '#core/passwords.ts';
import { emailInput, LoggedIn, nameInput, normalEmail } from './shared/account.ts';
import { loggedIn, startSession } from './shared/session-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/register',
  summary: 'Make an account and its company',
  description: 'Whoever registers owns the new company, and is logged in.',
  who: ['public'],
  input: z.object({
    email: emailInput,
    password: newPassword.describe('12 to 128 characters of any kind; not the e-mail address.'),
    name: nameInput,
    companyName: nameInput.optional().describe('Default: the person’s own name.'),
  }),
  output: LoggedIn,
  envelope: 'none',
  status: 201,
  errors: ['EMAIL_TAKEN'],
  async handle({ ctx, input }) {
    if (isEmail(input.password, input.email)) {
      const message = 'must not be the e-mail address';
      throw new AppError('VALIDATION_FAILED', {
        message: `The password ${message}.`,
        details: [{ path: 'password', message }],
      });
    }
    const passwordHash = await hashPassword(input.password);
    const session = await ctx.dbAsService('make an account before there is a caller', async (tx) => {
      const userId = await createOwner(tx, { ...input, passwordHash });
      return await startSession(tx, ctx, { userId, passwordHash });
    });
    if (!session) throw new Error('An account that was just made could not log in.');
    return await loggedIn(session, ctx.now());
  },
});

/** @throws AppError EMAIL_TAKEN. Of any number at once with one address, one gets through. */
async function createOwner(
  tx: Tx,
  given: { email: string; name: string; companyName?: string | undefined; passwordHash: string },
): Promise<string> {
  const [user] = await rowsOf<{ id: string }>(
    tx,
    sql`with person as (
      insert into users (email, email_normal, name, password_hash)
      values (${given.email}, ${normalEmail(given.email)}, ${given.name}, ${given.passwordHash})
      on conflict (email_normal) do nothing returning id),
    company as (
      insert into companies (name) select ${given.companyName ?? given.name}::text from person returning id),
    membership as (
      insert into memberships (company_id, user_id, role) select company.id, person.id, 'owner' from company, person)
    select id from person`,
  );
  if (!user) throw new AppError('EMAIL_TAKEN');
  return user.id;
}
