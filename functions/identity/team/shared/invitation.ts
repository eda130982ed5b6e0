import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { invitations } from '#db/schema/team.ts';
import { CompanyRole } from '../../auth/public.ts';

export const InvitationStatus = z
  .enum(['pending', 'expired', 'accepted', 'revoked'])
  .meta({ id: 'InvitationStatus' });

export const Invitation = z
  .object({
    id: z.uuid(),
    email: z.string(),
    role: CompanyRole,
    name: z.string().nullable(),
    status: InvitationStatus,
    invitedBy: z
      .object({ id: z.uuid(), name: z.string().nullable().describe('Null: no longer a colleague.') })
      .meta({ id: 'Inviter' })
      .nullable(),
    createdAt: z.iso.datetime(),
    sentAt: z.iso.datetime().describe('Of the last mail.'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Invitation' });

/** As it is now: an open one expires by itself. */
export const invitationStatus = sql`case when ${invitations.acceptedAt} is not null then 'accepted'
  when ${invitations.revokedAt} is not null then 'revoked'
  when ${invitations.expiresAt} <= now() then 'expired' else 'pending' end`;

export const isOpenInvitation = sql`${invitations.acceptedAt} is null and ${invitations.revokedAt} is null`;

export const invitationShape = shapeOf(Invitation, {
  id: invitations.id,
  email: invitations.email,
  role: invitations.role,
  name: invitations.name,
  status: invitationStatus,
  invitedBy: sql`case when ${invitations.invitedBy} is not null then json_build_object('id', ${invitations.invitedBy},
    'name', (select u.name from users u join memberships m on m.user_id = u.id
      where u.id = ${invitations.invitedBy} and m.company_id = ${invitations.companyId})) end`,
  createdAt: invitations.createdAt,
  sentAt: invitations.sentAt,
  expiresAt: invitations.expiresAt,
});
