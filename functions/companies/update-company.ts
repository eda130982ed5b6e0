import { isDeepStrictEqual } from 'node:util';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { wake } from '#core/queue.ts';
import { demandProvedAddress, languageInput, nameInput, timezoneInput } from '../auth/public.ts';
import { BusinessHours } from './shared/business-hours.ts';
import { Company } from './shared/company.ts';
import { readCompany } from './shared/company-store.ts';
import { IpAllowlist, storeAllowlist } from './shared/ip-allowlist.ts';
import { LinksInput, replaceLinks } from './shared/links.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/companies/:id',
  summary: 'Change a company',
  description:
    'Fields that are not given stay as they are. Events that waited for one of the provider links are processed now. A platform admin may name any company.',
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
    })
    .refine(({ id: _, ...given }) => Object.keys(given).length > 0, 'give at least one field to change'),
  output: Company,
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT'],
  async handle({ ctx, input }) {
    const { id, businessHours, ipAllowlist, providerLinks, ...plain } = input;
    const { company, waiting } = await ctx.dbAsService('change the caller’s company, or any', async (tx) => {
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
        await demandProvedAddress(tx, ctx);
        await storeAllowlist(tx, ctx, id, ipAllowlist);
      }
      const waiting = providerLinks ? await replaceLinks(tx, id, providerLinks) : [];
      const company = await readCompany(tx, ctx, id);
      const fields = [
        'name',
        'timezone',
        'language',
        'businessHours',
        'ipAllowlist',
        'providerLinks',
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
      return { company, waiting };
    });
    ctx.waitUntil(wake('inbound', waiting));
    return company;
  },
});
