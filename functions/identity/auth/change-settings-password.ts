import { alias } from '#core/endpoint.ts';
import * as changePassword from './change-password.ts';

export const { contract, respond, serve, handler } = alias(changePassword, {
  path: '/api/settings/password',
});
