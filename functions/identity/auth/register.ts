import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { hashPassword, newPassword, requireNotEmail } from '#core/security/passwords.ts';
import { emailInput, nameInput, normalEmail } from './shared/account.ts';
import { addresseeOf } from './shared/account-mail.ts';
import { queueVerification } from './shared/email-verification.ts';
import { LoggedInOnDevice, rememberDevice } from './shared/known-devices.ts';
import { loggedIn, startSession } from './shared/session-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/auth/register',
  summary: 'Register a person and their company',
  description:
    'The person owns the new company, and is logged in. A mail asks them to prove their address. Where the deployment has closed registration (REGISTRATION=invited), it answers 403: people come in by invitations. That an address is taken is said plainly, since the answer holds a token at once: the limit is what keeps from trying many.',
  who: ['public'],
  limit: 'auth',
  limitBy: 'email',
  input: z.object({
    email: emailInput,
    password: newPassword.describe(
      '12 to 128 characters of any kind; not the e-mail address, nor one of the commonest passwords.',
    ),
    name: nameInput,
    companyName: nameInput.optional().describe('Default: the person’s own name.'),
  }),
  output: LoggedInOnDevice,
  envelope: 'none',
  status: 201,
  errors: ['FORBIDDEN', 'EMAIL_TAKEN'],
  async handle({ ctx, input }) {
    if (env().REGISTRATION === 'invited') {
      throw new AppError('FORBIDDEN', {
        message:
          'Registration is closed here: ask a company to invite you, and accept by the link of its mail.',
      });
    }
    requireNotEmail(input.password, input.email, 'password');
    const passwordHash = await hashPassword(input.password);
    const made = await ctx.dbAs('auth', 'make an account before there is a caller', async (tx) => {
      const userId = await createOwner(tx, { ...input, passwordHash });
      const session = await startSession(tx, ctx, { userId, passwordHash });
      const addressee = await addresseeOf(tx, userId);
      if (!session || !addressee) throw new Error('An account that was just made could not log in.');
      const deviceToken = rememberDevice(tx, ctx, userId);
      await queueVerification(tx, addressee, session.sessionId);
      audit(tx, ctx, {
        companyId: session.user.companyId,
        action: 'company.registered',
        resource: { type: 'company', id: session.user.companyId },
        after: { name: addressee.companyName, owner: input.email },
        actor: { userId },
      });
      return { session, deviceToken };
    });
    return { ...(await loggedIn(made.session, ctx.now())), deviceToken: made.deviceToken };
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
