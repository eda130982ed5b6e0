import type { Context } from '#core/context.ts';
import { AppError } from '#core/errors.ts';

/** Who calls, for an endpoint that takes people only. */
export interface CallingPerson {
  userId: string;
  companyId: string;
  sessionId: string;
}

/** @throws AppError FORBIDDEN for a caller that is no person. */
export function callingPerson({ caller }: Context): CallingPerson {
  if (caller.kind !== 'user') throw new AppError('FORBIDDEN', { message: 'This needs a person’s token.' });
  return { userId: caller.userId, companyId: caller.companyId, sessionId: caller.claims.session_id };
}

/** The caller's program, as stored. */
export const userAgentOf = (ctx: Context): string | null =>
  ctx.headers.get('user-agent')?.slice(0, 400) ?? null;
