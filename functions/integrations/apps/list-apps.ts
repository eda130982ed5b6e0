import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { contains, equals } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { apps } from '#db/schema/apps.ts';
import { App, appShape, companyIsThere } from './shared/app.ts';
import { ofCompany } from './shared/app-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps',
  summary: 'List the apps of every company, newest first',
  description: 'Each with its links and the number of its live keys.',
  who: ['internal'],
  input: pageInput.extend({
    company_id: z.uuid().optional().describe('Only apps of this company.'),
    search: z.string().trim().min(1).max(200).optional().describe('In the name.'),
  }),
  output: App,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: appShape,
      from: sql`${apps}`,
      id: apps.id,
      where: [companyIsThere, equals(apps.companyId, input.company_id), contains([apps.name], input.search)],
      sort: { by: apps.createdAt, kind: 'time' },
      identity: { list: 'apps', ...identity },
      input,
    });
    return ofCompany(input.company_id, list);
  },
});
