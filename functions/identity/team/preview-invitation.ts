import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { findPending } from './shared/accept.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/team/invitations/:token/preview',
  summary: 'Show who invites, by the token of the mail',
  description:
    'For the page on which an invitation is accepted. 404 for one that was used, replaced, revoked or has expired. Changes nothing.',
  who: ['public'],
  limit: 'auth',
  limitBy: 'token',
  input: z.object({ token: z.string().min(1).max(200).describe('From the link in the invitation’s mail.') }),
  output: z
    .object({
      companyName: z.string(),
      name: z
        .string()
        .nullable()
        .describe('Of the person who is invited; null: it must be given to make an account.'),
    })
    .meta({ id: 'OpenInvitation' }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    return await ctx.dbAs('auth', 'show an invitation before there is a caller', async (tx) => {
      const { companyId, name } = await findPending(tx, input.token);
      const [company] = await rowsOf<{ name: string }>(
        tx,
        sql`select name from companies where id = ${companyId}::uuid`,
      );
      return { companyName: company?.name ?? '', name };
    });
  },
});
