import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { memberships, users } from '#db/schema/people.ts';
import { CompanyRole } from '../../auth/public.ts';

/** A person, in one of their companies. */
export const User = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    phone: z.string().nullable().describe('E.164'),
    timezone: z.string().describe('IANA name, as Europe/Berlin.'),
    language: z.string(),
    companyId: z.uuid(),
    role: CompanyRole.describe('In that company.'),
    isActive: z.boolean().describe('Whether the person can log in to that company.'),
    status: z
      .enum(['active', 'inactive'])
      .describe('The same as a word; of a person who is invited: invited.'),
    emailVerifiedAt: z.iso.datetime().nullable(),
    lastLoginAt: z.iso.datetime().nullable(),
    joinedAt: z.iso.datetime().describe('When the person came into that company.'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'User' });

export const userShape = shapeOf(User, {
  id: users.id,
  email: users.email,
  name: users.name,
  phone: users.phone,
  timezone: users.timezone,
  language: users.language,
  companyId: memberships.companyId,
  role: memberships.role,
  isActive: sql`${memberships.isActive} and ${users.isActive}`,
  status: sql`case when ${memberships.isActive} and ${users.isActive} then 'active' else 'inactive' end`,
  emailVerifiedAt: users.emailVerifiedAt,
  lastLoginAt: users.lastLoginAt,
  joinedAt: memberships.createdAt,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
});
