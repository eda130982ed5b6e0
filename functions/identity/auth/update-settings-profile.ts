import { alias } from '#core/endpoint.ts';
import * as updateProfile from './update-profile.ts';

export const { contract, respond, serve, handler } = alias(updateProfile, { path: '/api/settings/profile' });
