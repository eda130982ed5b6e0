import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { contains } from '#core/database/filters.ts';
import { listOf, pageInput, type Sort } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { companies } from '#db/schema/companies.ts';
import { listAsService } from '../users/public.ts';
import { ListedCompany, listedCompanyShape } from './shared/company.ts';

const sorts = {
  createdAt: { by: companies.createdAt, kind: 'time' },
  name: { by: companies.name, kind: 'text' },
} satisfies Record<string, Sort>;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/companies',
  summary: 'List all companies, newest first',
  who: ['user'],
  permission: 'platform:manage',
  instead: 'Your own company: GET /api/companies/:id; all of yours: GET /api/auth/me (memberships).',
  input: pageInput.extend({
    search: z.string().trim().min(1).max(200).optional().describe('In the name.'),
    isDeleted: z.enum(['true', 'false']).default('false').describe('Those that wait to be erased.'),
    sortBy: z
      .enum(['createdAt', 'name'])
      .default('createdAt')
      .describe('The field that the list is sorted by.'),
  }),
  output: ListedCompany,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  handle({ ctx, input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: listedCompanyShape,
      from: sql`${companies}`,
      id: companies.id,
      where: [
        input.isDeleted === 'true'
          ? sql`${companies.deletedAt} is not null`
          : sql`${companies.deletedAt} is null`,
        contains([companies.name], input.search),
      ],
      sort: sorts[input.sortBy],
      identity: { list: 'companies', ...identity },
      input,
    });
    return listAsService(ctx, 'list all companies for a platform admin', list);
  },
});
