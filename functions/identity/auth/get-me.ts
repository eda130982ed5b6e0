import * as z from 'zod';
import type { Caller } from '#core/callers/caller.ts';
import { permissionsOf } from '#core/callers/permissions.ts';
import type { CallInOne } from '#core/database/read-together.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
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
    .array(
      z
        .object({ companyId: z.uuid(), companyName: z.string(), role: CompanyRole })
        .meta({ id: 'Membership' }),
    )
    .describe('Every company that the person belongs to.'),
});

const Me = Person.extend({
  role: CompanyRole.describe('In that company, as of now: the token’s own may be older.'),
  permissions: z.array(z.string()).describe('What the role allows in that company.'),
}).meta({ id: 'Me' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/auth/me',
  summary: 'Get yourself, with your companies and permissions',
  description: 'The permissions are those in the company that you act in: show only what they allow.',
  who: ['user'],
  output: Me,
  query: ({ caller, ip }) => ({
    statements: [],
    inOne: callOf(caller, ip),
    reply([found = []]) {
      const item = found[0]?.item;
      if (typeof item !== 'string') throw new AppError('NOT_FOUND');
      const person: z.infer<typeof Person> = JSON.parse(item); // as private.who_am_i writes it; tests hold it against Me
      // Not that of the claims: a platform admin's are an owner's.
      const here = person.memberships.find(({ companyId }) => companyId === person.companyId);
      if (!here) throw new AppError('NOT_FOUND');
      const { role } = here;
      const rights = JSON.stringify({ role, permissions: permissionsOf(role, person.isPlatformAdmin) });
      return { body: `{"success":true,"data":${item.slice(0, -1)},${rights.slice(1)}}` };
    },
  }),
});

function callOf(caller: Caller, ip: string): CallInOne {
  if (caller.kind !== 'user') throw new AppError('UNAUTHENTICATED');
  const { sub, session_id: sessionId, iss, app_metadata: active } = caller.claims;
  return { name: 'private.who_am_i', params: [sub, active.company_id, sessionId, iss ?? null, ip] };
}
