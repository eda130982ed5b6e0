import * as z from 'zod';
import { enterCompany } from '#core/database/acting.ts';
import { endpoint } from '#core/endpoint.ts';
import { Company } from './shared/company.ts';
import { readCompany } from './shared/company-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/companies/:id',
  summary: 'Get a company',
  description: 'One’s own; a platform admin may name any.',
  who: ['user'],
  permission: 'company:read',
  input: z.object({ id: z.uuid() }),
  output: Company,
  errors: ['NOT_FOUND'],
  handle: ({ ctx, input }) =>
    ctx.db(async (tx) => {
      await enterCompany(tx, ctx, input.id);
      return await readCompany(tx, ctx, input.id);
    }),
});
