import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { CompanySettings, readSettings } from './shared/company-settings.ts';
import { demandCompany, rightsOf } from './shared/rights.ts';

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
    if (companyId === ctx.companyId) return await ctx.db((tx) => readSettings(tx, companyId));
    return await ctx.dbAs('auth', 'a platform admin reads the settings of any company', async (tx) => {
      demandCompany(ctx, companyId, await rightsOf(tx, ctx));
      return await readSettings(tx, companyId);
    });
  },
});
