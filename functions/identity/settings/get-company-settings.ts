import * as z from 'zod';
import { enterCompany } from '#core/database/acting.ts';
import { endpoint } from '#core/endpoint.ts';
import { CompanySettings, readSettings } from './shared/company-settings.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/company/:companyId',
  summary: 'Get the settings of a company',
  description:
    'Every section whole: what was set, and the defaults of the rest. Of secrets, whether they are set. Another company’s only for a platform admin.',
  who: ['user'],
  permission: 'settings:read',
  input: z.object({ companyId: z.uuid() }),
  output: CompanySettings,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input: { companyId } }) {
    return await ctx.db(async (tx) => {
      await enterCompany(tx, ctx, companyId);
      return await readSettings(tx, companyId);
    });
  },
});
