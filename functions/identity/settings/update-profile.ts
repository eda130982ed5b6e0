import { endpoint } from '#core/endpoint.ts';
import { Profile, profileInput, updateProfile } from '../auth/public.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/settings/profile',
  summary: 'Change your name, phone, time zone or language',
  description:
    'The same as PUT /api/auth/profile: what is absent stays as it is; a phone of null is taken away.',
  who: ['user'],
  input: profileInput,
  output: Profile,
  async handle({ ctx, input }) {
    return await updateProfile(ctx, input);
  },
});
