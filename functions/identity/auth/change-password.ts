import { endpoint } from '#core/endpoint.ts';
import { Done, done } from './shared/account.ts';
import { changePassword, changePasswordInput } from './shared/change-password.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'PUT',
  path: '/api/auth/password',
  summary: 'Change your password',
  description:
    'Ends one’s other sessions. Send `x-device-token`, or this device is not a known one any more.',
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
