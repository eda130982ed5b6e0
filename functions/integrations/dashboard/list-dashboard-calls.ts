import { alias } from '#core/endpoint.ts';
import * as listCallHistory from './list-call-history.ts';

export const { contract, respond, serve, handler } = alias(listCallHistory, {
  path: '/api/dashboard/calls',
  summary: 'List the Retell calls of all agents, newest first',
});
