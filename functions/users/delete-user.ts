import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { demandAnotherOwner, demandMayTouch, findMember, lockTeam } from '../team/public.ts';
import { User } from './shared/user.ts';
import { deactivate, readUser } from './shared/user-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/api/users/:id',
  summary: 'Deactivate a person of the company',
  description:
    'They are logged out of it at once; what they did stays, and isActive makes them active again. The account itself goes with the last company that has them.',
  who: ['user'],
  permission: 'users:write',
  limit: 'team',
  input: z.object({ id: z.uuid() }),
  output: User,
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
  handle: ({ ctx, input }) =>
    ctx.dbAsService('deactivate a person of the caller’s company', async (tx) => {
      const { companyId } = ctx;
      const actor = await lockTeam(tx, ctx, 'users:write');
      const member = await findMember(tx, companyId, input.id);
      demandMayTouch(actor, member.role);
      if (member.userId === actor.userId) {
        throw new AppError('CONFLICT', { message: 'Nobody can deactivate themselves.' });
      }
      if (!member.isActive) return await readUser(tx, companyId, input.id);
      await demandAnotherOwner(tx, companyId, member);
      await deactivate(tx, companyId, member);
      const user = await readUser(tx, companyId, input.id);
      audit(tx, ctx, {
        companyId,
        action: 'user.deactivated',
        resource: { type: 'user', id: input.id },
        before: { isActive: true },
        after: { isActive: false },
      });
      return user;
    }),
});
