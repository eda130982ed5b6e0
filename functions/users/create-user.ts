import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { rowsOf, type Tx } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { demandNotEmail, hashPassword, newPassword } from '#core/passwords.ts';
import { wake } from '#core/queue.ts';
import {
  addresseeOf,
  CompanyRole,
  emailInput,
  nameInput,
  normalEmail,
  profileInput,
  queueVerification,
} from '../auth/public.ts';
import {
  demandMayReplace,
  demandMayTouch,
  demandSeat,
  inviteByMail,
  lockTeam,
  revokeInvitationsOf,
} from '../team/public.ts';
import { User } from './shared/user.ts';
import { readUser } from './shared/user-store.ts';

const input = z.object({
  email: emailInput,
  ...profileInput.shape,
  name: nameInput,
  role: CompanyRole.default('agent'),
  password: newPassword
    .optional()
    .describe('12 to 128 characters of any kind; without one, the person is asked for theirs by mail.'),
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/users',
  summary: 'Make a person, as a member of the company',
  description:
    'For an address that has no account yet; whoever has one is invited: POST /api/team/invite. Only an owner may make an owner. An invitation that the address had is dead.',
  who: ['user'],
  permission: 'users:write',
  limit: 'team',
  input,
  output: User,
  status: 201,
  errors: ['EMAIL_NOT_VERIFIED', 'EMAIL_TAKEN', 'CONFLICT', 'FORBIDDEN'],
  async handle({ ctx, input }) {
    if (input.password !== undefined) demandNotEmail(input.password, input.email, 'password');
    const passwordHash = input.password === undefined ? null : await hashPassword(input.password);
    const { user, jobIds } = await ctx.dbAsService('make a person of the caller’s company', async (tx) => {
      const actor = await lockTeam(tx, ctx, 'users:write');
      demandMayTouch(actor, input.role);
      const emailNormal = normalEmail(input.email);
      await demandMayReplace(tx, actor, emailNormal);
      await demandSeat(tx, ctx.companyId, emailNormal);
      const userId = await insertMember(tx, ctx.companyId, input, passwordHash);
      // Who gets an invitation now gets it in place of the one there was.
      if (passwordHash !== null) await revokeInvitationsOf(tx, ctx.companyId, emailNormal);
      const jobIds =
        passwordHash === null
          ? [(await inviteByMail(tx, ctx, actor, input)).jobId]
          : await askToVerify(tx, userId);
      const user = await readUser(tx, ctx.companyId, userId);
      const { email, name, role } = user;
      audit(tx, ctx, {
        companyId: ctx.companyId,
        action: 'user.created',
        resource: { type: 'user', id: userId },
        after: { email, name, role, invited: passwordHash === null },
      });
      return { user, jobIds };
    });
    ctx.waitUntil(wake('jobs', jobIds));
    return user;
  },
});

/** Whoever gave the password may have mistyped the address. @returns the job of the mail. */
async function askToVerify(tx: Tx, userId: string): Promise<string[]> {
  const addressee = await addresseeOf(tx, userId);
  return addressee ? [await queueVerification(tx, addressee, null)] : [];
}

/** @throws AppError EMAIL_TAKEN, whoever has the address. Of any number at once, one gets through. */
async function insertMember(
  tx: Tx,
  companyId: string,
  given: z.output<typeof input>,
  passwordHash: string | null,
): Promise<string> {
  const [made] = await rowsOf<{ id: string }>(
    tx,
    sql`insert into users (email, email_normal, name, password_hash, phone, timezone, language)
      select ${given.email}, ${normalEmail(given.email)}, ${given.name}, ${passwordHash}::text, ${given.phone ?? null}::text,
        coalesce(${given.timezone ?? null}::text, c.timezone), coalesce(${given.language ?? null}::text, c.language)
      from companies c where c.id = ${companyId}::uuid
      on conflict (email_normal) do nothing returning id`,
  );
  if (!made) throw new AppError('EMAIL_TAKEN');
  await rowsOf(
    tx,
    sql`insert into memberships (company_id, user_id, role) values (${companyId}::uuid, ${made.id}::uuid, ${given.role})`,
  );
  return made.id;
}
