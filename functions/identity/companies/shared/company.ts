import { type SQL, sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { companies } from '#db/schema/companies.ts';
import { BusinessHours } from './business-hours.ts';
import { graceDays } from './grace.ts';

export const ProviderLinks = z
  .object({
    dialpadOrgId: z.string().nullable().describe('The Dialpad company or office.'),
    retellAgentIds: z.array(z.string()),
    twilioNumbers: z.array(z.string()).describe('E.164'),
    unproved: z
      .array(
        z
          .object({ provider: z.string(), kind: z.string(), externalId: z.string() })
          .meta({ id: 'UnprovedLink' }),
      )
      .describe(
        'Linked before proof was asked for, or no longer listed by the own account: nothing comes in by them.',
      ),
  })
  .meta({ id: 'ProviderLinks' });

export const Company = z
  .object({
    id: z.uuid(),
    name: z.string(),
    timezone: z.string().describe('IANA name, as Europe/Berlin.'),
    language: z.string(),
    businessHours: BusinessHours.nullable().describe('Null: not said.'),
    ipAllowlist: z
      .array(z.string())
      .nullable()
      .describe('From where people and keys may come, as 203.0.113.0/24. Null: from anywhere.'),
    providerLinks: ProviderLinks.describe(
      'What at the providers is proved to be the company’s: its calls come in for it.',
    ),
    managesSharedAccounts: z
      .boolean()
      .describe('Whether it may create and change agents in the deployment’s own accounts at providers.'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Company' });

const linked = (provider: SQL, kind: SQL) => sql`provider_links l
  where l.company_id = ${companies.id} and l.provider = ${provider} and l.kind = ${kind} and l.proof is not null`;
const allLinked = (provider: SQL, kind: SQL) =>
  sql`(select coalesce(json_agg(l.external_id order by l.external_id), '[]') from ${linked(provider, kind)})`;

const columns = {
  id: companies.id,
  name: companies.name,
  timezone: companies.timezone,
  language: companies.language,
  businessHours: companies.businessHours,
  ipAllowlist: sql`${companies.ipAllowlist}::text[]`,
  // An app may have an organization of its own; the company's comes first.
  providerLinks: sql`json_build_object(
    'dialpadOrgId', (select l.external_id from ${linked(sql`'dialpad'`, sql`'organization'`)}
      order by l.app_id is not null, l.id limit 1),
    'retellAgentIds', ${allLinked(sql`'retell'`, sql`'agent'`)},
    'twilioNumbers', ${allLinked(sql`'twilio'`, sql`'number'`)},
    'unproved', (select coalesce(json_agg(json_build_object('provider', l.provider, 'kind', l.kind,
        'externalId', l.external_id) order by l.provider, l.kind, l.external_id), '[]')
      from provider_links l where l.company_id = ${companies.id} and l.proof is null))`,
  managesSharedAccounts: companies.managesSharedAccounts,
  createdAt: companies.createdAt,
  updatedAt: companies.updatedAt,
};

/** As its members see it. */
export const companyShape = shapeOf(Company, columns);

/** As a platform admin sees it. */
export const ListedCompany = Company.extend({
  members: z.int32().describe('Active ones.'),
  deletedAt: z.iso.datetime().nullable().describe(`${graceDays} days later it is erased.`),
}).meta({ id: 'ListedCompany' });

export const listedCompanyShape = shapeOf(ListedCompany, {
  ...columns,
  members: sql`(select count(*) from memberships m where m.company_id = ${companies.id} and m.is_active)`,
  deletedAt: companies.deletedAt,
});
