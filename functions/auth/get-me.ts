import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { permissionsOf } from '#core/permissions.ts';
import { asJson, shapeOf } from '#core/shape.ts';
import { users } from '#db/schema/people.ts';
import { CompanyRole } from './shared/account.ts';

const Person = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  phone: z.string().nullable(),
  timezone: z.string(),
  language: z.string(),
  emailVerifiedAt: z.iso.datetime().nullable(),
  lastLoginAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  isPlatformAdmin: z.boolean(),
  companyId: z.uuid().describe('The company that this token is for.'),
  memberships: z
    .array(z.object({ companyId: z.uuid(), companyName: z.string(), role: CompanyRole }))
    .describe('Every company that the person belongs to.'),
});

const Me = Person.extend({
  role: CompanyRole.describe('In that company, as of now: the token’s own may be older.'),
  permissions: z.array(z.string()).describe('What the role allows in that company.'),
});

const personShape = shapeOf(Person, {
  id: users.id,
  email: users.email,
  name: users.name,
  phone: users.phone,
  timezone: users.timezone,
  language: users.language,
  emailVerifiedAt: users.emailVerifiedAt,
  lastLoginAt: users.lastLoginAt,
  createdAt: users.createdAt,
  isPlatformAdmin: sql`private.caller_is_platform_admin()`,
  companyId: sql`private.caller_company_id()`,
  memberships: sql`(select coalesce(json_agg(json_build_object(
      'companyId', m.company_id, 'companyName', m.company_name, 'role', m.role)), '[]')
    from private.caller_memberships() m)`,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/auth/me',
  summary: 'Get the person who is logged in, with companies and permissions',
  who: ['user'],
  output: Me,
  query: () => ({
    statements: [
      sql`select ${asJson(personShape)} as item from ${users} where ${users.id} = (select private.caller_id())`,
    ],
    reply([found = []]) {
      const item = found[0]?.item;
      if (typeof item !== 'string') throw new AppError('NOT_FOUND');
      const person = Person.parse(JSON.parse(item));
      // Not that of the claims: a platform admin's are an owner's.
      const here = person.memberships.find(({ companyId }) => companyId === person.companyId);
      if (!here) throw new AppError('NOT_FOUND');
      const { role } = here;
      const data = { ...person, role, permissions: permissionsOf(role, person.isPlatformAdmin) };
      return { body: JSON.stringify({ success: true, data }) };
    },
  }),
});
