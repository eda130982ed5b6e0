import * as z from 'zod';
import { audit } from '#core/audit.ts';
import { endpoint } from '#core/endpoint.ts';
import { CompanySettings, changeSettings, companySections } from './shared/company-settings.ts';
import { demandCompany, demandQuotaRights, rightsOf } from './shared/rights.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/settings/company/:companyId',
  summary: 'Change settings of a company',
  description:
    'What is given is merged into what is there: sections and fields that are left out stay as they are, null takes a field back to its default, and deletes a secret. Quotas only by a platform admin.',
  who: ['user'],
  permission: 'settings:write',
  input: z.object({ companyId: z.uuid(), ...companySections }),
  output: CompanySettings,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input: { companyId, ...patch } }) {
    return await ctx.dbAsService('change the settings of a company', async (tx) => {
      const rights = await rightsOf(tx, ctx);
      demandCompany(ctx, companyId, rights);
      if (patch.quotas) demandQuotaRights(rights);
      const { settings, entry } = await changeSettings(tx, ctx, companyId, patch);
      if (entry) audit(tx, ctx, entry);
      return settings;
    });
  },
});
