import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import type { Context } from '#core/context.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import {
  callingPerson,
  emailInput,
  languageInput,
  nameInput,
  requireProvedAddress,
  timezoneInput,
} from '../auth/public.ts';
import { inviteByMail } from '../team/public.ts';
import { Company } from './shared/company.ts';
import { readCompany } from './shared/company-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/companies',
  summary: 'Create a company',
  description: 'Its owner is invited by mail; where no address is given, it is whoever makes it.',
  who: ['user'],
  permission: 'platform:manage',
  input: z.object({
    name: nameInput,
    timezone: timezoneInput.default('UTC'),
    language: languageInput.default('en'),
    ownerEmail: emailInput.optional(),
    ownerName: nameInput.optional(),
  }),
  output: Company,
  status: 201,
  errors: ['EMAIL_NOT_VERIFIED'],
  async handle({ ctx, input }) {
    return await ctx.dbAs('auth', 'make a company for a platform admin', async (tx) => {
      const [made] = await rowsOf<{ id: string }>(
        tx,
        sql`insert into companies (name, timezone, language)
          values (${input.name}, ${input.timezone}, ${input.language}) returning id`,
      );
      const id = made?.id ?? '';
      await giveOwner(tx, ctx, id, input);
      const company = await readCompany(tx, ctx, id);
      const { name, timezone, language } = company;
      audit(tx, ctx, {
        companyId: id,
        action: 'company.created',
        resource: { type: 'company', id },
        after: { name, timezone, language },
      });
      return company;
    });
  },
});

async function giveOwner(
  tx: Tx,
  ctx: Context,
  companyId: string,
  given: { name: string; language: string; ownerEmail?: string | undefined; ownerName?: string | undefined },
): Promise<void> {
  const { userId } = callingPerson(ctx);
  if (given.ownerEmail === undefined) {
    await rowsOf(
      tx,
      sql`insert into memberships (company_id, user_id, role) values (${companyId}::uuid, ${userId}::uuid, 'owner')`,
    );
    return;
  }
  await requireProvedAddress(tx, ctx);
  const [admin] = await rowsOf<{ name: string }>(tx, sql`select name from users where id = ${userId}::uuid`);
  const company = { id: companyId, name: given.name, language: given.language };
  await inviteByMail(
    tx,
    ctx,
    { userId, name: admin?.name ?? '', company },
    { email: given.ownerEmail, role: 'owner', name: given.ownerName },
  );
}
