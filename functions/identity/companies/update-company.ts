import { isDeepStrictEqual } from 'node:util';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { permissions } from '#core/callers/permissions.ts';
import { confirmRole } from '#core/database/run-as.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { audit } from '#core/security/audit.ts';
import { languageInput, nameInput, requireProvedAddress, timezoneInput } from '../auth/public.ts';
import { type Held, untilDecided } from '../provider-accounts/public.ts';
import { BusinessHours } from './shared/business-hours.ts';
import { Company } from './shared/company.ts';
import { isPlatformAdmin, readCompany } from './shared/company-store.ts';
import { IpAllowlist, storeAllowlist } from './shared/ip-allowlist.ts';
import { type Linking, LinksInput, proofsOf, replaceLinks } from './shared/links.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/companies/:id',
  summary: 'Update a company',
  description:
    'Fields that are not given stay as they are. Events that waited for one of the provider links are processed now. What an admin links must be listed by the company’s own account at the provider; for what is not, is linked elsewhere, or is not there, the answer is the same OWNERSHIP_NOT_PROVED. A platform admin may name any company, and links without proof.',
  who: ['user'],
  permission: 'company:write',
  input: z
    .object({
      id: z.uuid(),
      name: nameInput.optional(),
      timezone: timezoneInput.optional(),
      language: languageInput.optional(),
      businessHours: BusinessHours.nullable().optional(),
      ipAllowlist: IpAllowlist.optional(),
      providerLinks: LinksInput.optional(),
      managesSharedAccounts: z
        .boolean()
        .optional()
        .describe(
          'Whether the company may create and change agents in the deployment’s own accounts. Only by a platform admin.',
        ),
    })
    .refine(({ id: _, ...given }) => Object.keys(given).length > 0, 'give at least one field to change'),
  output: Company,
  errors: [
    'EMAIL_NOT_VERIFIED',
    'NOT_FOUND',
    'FORBIDDEN',
    'CONFLICT',
    'OWNERSHIP_NOT_PROVED',
    'PROVIDER_FAILED',
  ],
  async handle({ ctx, input }) {
    const { id, businessHours, ipAllowlist, providerLinks, managesSharedAccounts, ...plain } = input;
    const asked = await ctx.dbAs('auth', 'see which company is to be changed, and by whom', async (tx) => {
      await readCompany(tx, ctx, id);
      return { isAbove: await isPlatformAdmin(tx, ctx) };
    });
    // Providers are asked before the transaction; whether what they said suffices is decided in it.
    const proofs = providerLinks && !asked.isAbove ? await proofsOf(ctx, id, providerLinks) : new Map();
    const change = (lost: readonly Held[]) =>
      ctx.dbAs('auth', 'change the caller’s company, or any', async (tx) => {
        const before = await readCompany(tx, ctx, id, 'lock');
        await rowsOf(
          tx,
          sql`update companies set name = coalesce(${plain.name ?? null}::text, name),
            timezone = coalesce(${plain.timezone ?? null}::text, timezone),
            language = coalesce(${plain.language ?? null}::text, language),
            business_hours = case when ${businessHours !== undefined}::boolean
              then ${businessHours ? JSON.stringify(businessHours) : null}::jsonb else business_hours end
          where id = ${id}::uuid`,
        );
        if (ipAllowlist !== undefined) {
          await requireProvedAddress(tx, ctx);
          await storeAllowlist(tx, ctx, id, ipAllowlist);
        }
        const isAbove = await isPlatformAdmin(tx, ctx);
        if (isAbove) confirmRole(tx, permissions['platform:manage']);
        if (managesSharedAccounts !== undefined) await storeSharing(tx, id, managesSharedAccounts, isAbove);
        const how: Linking = isAbove ? { by: 'operator' } : { by: 'proof', proofs, lost };
        if (providerLinks) await replaceLinks(tx, ctx, id, providerLinks, how);
        const company = await readCompany(tx, ctx, id);
        const fields = [
          'name',
          'timezone',
          'language',
          'businessHours',
          'ipAllowlist',
          'providerLinks',
          'managesSharedAccounts',
        ] as const;
        const changed = fields.filter((field) => !isDeepStrictEqual(before[field], company[field]));
        if (changed.length > 0) {
          audit(tx, ctx, {
            companyId: id,
            action: 'company.updated',
            resource: { type: 'company', id },
            before: Object.fromEntries(changed.map((field) => [field, before[field]])),
            after: Object.fromEntries(changed.map((field) => [field, company[field]])),
          });
        }
        return company;
      });
    return await untilDecided(ctx, change);
  },
});

/** @throws AppError FORBIDDEN for everybody but a platform admin. */
async function storeSharing(tx: Tx, id: string, isAllowed: boolean, isAbove: boolean): Promise<void> {
  if (!isAbove) {
    throw new AppError('FORBIDDEN', {
      message: 'Only a platform admin lets a company manage shared accounts.',
      details: [{ path: 'managesSharedAccounts', message: 'is set by platform admins' }],
    });
  }
  await rowsOf(
    tx,
    sql`update companies set manages_shared_accounts = ${isAllowed}::boolean where id = ${id}::uuid`,
  );
}
