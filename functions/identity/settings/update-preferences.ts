import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { changePreferences, Preferences, preferenceFields } from './shared/preferences.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/settings/user/preferences',
  summary: 'Update your own preferences',
  description:
    'What is given is merged into what is there; null takes a field back to what your company has. `language` and `timezone` are those of your profile.',
  who: ['user'],
  input: z.object(preferenceFields),
  output: Preferences,
  async handle({ ctx, input }) {
    return await ctx.db(async (tx) => {
      const { preferences, entry } = await changePreferences(tx, ctx, input);
      if (entry) audit(tx, ctx, entry);
      return preferences;
    });
  },
});
