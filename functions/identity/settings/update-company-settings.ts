import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { CompanySettings, changeSettings, companySections } from './shared/company-settings.ts';
import { checkIntegrations, requireChecked } from './shared/proving.ts';
import { confirmRights, enterCompany, requireQuotaRights, rightsOf } from './shared/rights.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/settings/company/:companyId',
  summary: 'Update the settings of a company',
  description:
    'What is given is merged into what is there: sections and fields that are left out stay as they are, null takes a field back to its default, and deletes a secret. A key of Retell, Dialpad or Twilio is stored once its provider accepts it. Quotas only by a platform admin. The number that SMS are sent from must be one of the company’s own Twilio account.',
  who: ['user'],
  permission: 'settings:write',
  input: z.object({ companyId: z.uuid(), ...companySections }),
  output: CompanySettings,
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'OWNERSHIP_NOT_PROVED', 'CONFLICT', 'PROVIDER_FAILED'],
  async handle({ ctx, input: { companyId, ...patch } }) {
    const { integrations } = patch;
    const checked = await checkIntegrations(ctx, companyId, integrations);
    return await ctx.db(async (tx) => {
      const rights = await rightsOf(tx, ctx);
      await enterCompany(tx, ctx, companyId, rights);
      confirmRights(tx, { isElsewhere: companyId !== ctx.companyId, setsQuotas: patch.quotas !== undefined });
      if (patch.quotas) requireQuotaRights(rights);
      await requireChecked(tx, companyId, integrations, checked, rights);
      const changed = await changeSettings(tx, ctx, companyId, patch);
      if (changed.entry) audit(tx, ctx, changed.entry);
      return changed.settings;
    });
  },
});
