import { endpoint } from '#core/endpoint.ts';
import { Profile, profileInput, updateProfile } from './shared/profile.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/auth/profile',
  summary: 'Update your profile',
  description: 'What is absent stays as it is; a phone of null is taken away.',
  who: ['user'],
  input: profileInput,
  output: Profile,
  async handle({ ctx, input }) {
    return await updateProfile(ctx, input);
  },
});
