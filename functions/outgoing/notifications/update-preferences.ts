import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { changePreferences, Notifications, NotificationsPatch } from './shared/own-preferences.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/notifications/preferences',
  summary: 'Update your notification preferences',
  description:
    'What is given is merged into what is there; null takes a field back to what your company has. Mails about security cannot be switched off.',
  who: ['user'],
  input: NotificationsPatch,
  output: Notifications,
  async handle({ ctx, input }) {
    return await ctx.db(async (tx) => {
      const { preferences, entry } = await changePreferences(tx, ctx, { notifications: input });
      if (entry) audit(tx, ctx, entry);
      return preferences.notifications;
    });
  },
});
