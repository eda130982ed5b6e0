import { endpoint } from '#core/endpoint.ts';
import { readUsage, Usage } from './shared/usage.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/usage-quotas',
  summary: 'Get the usage of the company against its quotas',
  description: 'Of the calendar month in the company’s time zone, and of now.',
  who: ['user'],
  permission: 'settings:read',
  output: Usage,
  async handle({ ctx }) {
    return await ctx.dbAs('auth', 'count what the company uses, beyond what the caller may see', (tx) =>
      readUsage(tx, ctx.companyId),
    );
  },
});
