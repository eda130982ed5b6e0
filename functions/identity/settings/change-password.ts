import { endpoint } from '#core/endpoint.ts';
import { changePassword, changePasswordInput, Done, done } from '../auth/public.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/settings/password',
  summary: 'Change your password',
  description:
    'The same as PUT /api/auth/password: ends your other sessions. Send `x-device-token`, or this device is not a known one any more.',
  who: ['user'],
  limit: 'auth',
  input: changePasswordInput,
  output: Done,
  envelope: 'none',
  errors: ['WRONG_PASSWORD', 'CONFLICT'],
  async handle({ ctx, input }) {
    const { ended } = await changePassword(ctx, input);
    return done(`The password is changed. Other sessions that ended: ${ended}.`);
  },
});
