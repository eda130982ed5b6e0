import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { shapeOf } from '#core/shape.ts';
import { memberships, users } from '#db/schema/people.ts';
import { CompanyRole } from '../../auth/public.ts';

export const TeamMember = z.object({
  userId: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: CompanyRole,
  isActive: z.boolean().describe('Whether the person can log in to this company.'),
  lastLoginAt: z.iso.datetime().nullable(),
  joinedAt: z.iso.datetime(),
});

/** Of `memberships` joined with `users`. */
export const teamMemberShape = shapeOf(TeamMember, {
  userId: users.id,
  email: users.email,
  name: users.name,
  role: memberships.role,
  isActive: sql`${memberships.isActive} and ${users.isActive}`,
  lastLoginAt: users.lastLoginAt,
  joinedAt: memberships.createdAt,
});

export const membersFrom = sql`${memberships} join ${users} on ${users.id} = ${memberships.userId}`;
