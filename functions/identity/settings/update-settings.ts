import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { AllSettings } from './shared/all-settings.ts';
import { changeSettings, companySections } from './shared/company-settings.ts';
import { changePreferences, preferenceFields } from './shared/preferences.ts';
import { checkIntegrations, requireChecked } from './shared/proving.ts';
import { confirmRights, enterCompany, requireAdmin, requireQuotaRights, rightsOf } from './shared/rights.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/settings',
  summary: 'Update settings: your company’s and your own',
  description:
    'The given sections are merged into what is there, all of them or none. A key of Retell, Dialpad or Twilio is stored once its provider accepts it. The company’s need the role admin; `preferences` are everyone’s own.',
  who: ['user'],
  permission: 'settings:read',
  input: z.object({
    ...companySections,
    preferences: z.strictObject(preferenceFields).meta({ id: 'PreferencesPatch' }).optional(),
  }),
  output: AllSettings,
  errors: ['EMAIL_NOT_VERIFIED', 'NOT_FOUND', 'OWNERSHIP_NOT_PROVED', 'CONFLICT', 'PROVIDER_FAILED'],
  async handle({ ctx, input: { preferences: own, ...company } }) {
    const { integrations } = company;
    const checked = await checkIntegrations(ctx, ctx.companyId, integrations);
    return await ctx.db(async (tx) => {
      const rights = await rightsOf(tx, ctx);
      if (Object.values(company).some((section) => section !== undefined)) {
        requireAdmin(rights);
        await enterCompany(tx, ctx, ctx.companyId, rights);
        confirmRights(tx, { isElsewhere: false, setsQuotas: company.quotas !== undefined });
      }
      if (company.quotas) requireQuotaRights(rights);
      await requireChecked(tx, ctx.companyId, integrations, checked, rights);
      const changed = await changeSettings(tx, ctx, ctx.companyId, company);
      const { preferences, entry } = await changePreferences(tx, ctx, own ?? {});
      for (const told of [changed.entry, entry]) if (told) audit(tx, ctx, told);
      return { ...changed.settings, preferences };
    });
  },
});
