import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany, equals } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { apiKeys } from '#db/schema/apps.ts';
import { ApiKey, apiKeyShape, keyStatus } from './shared/api-keys.ts';

const queryFlag = z.enum(['true', 'false'], { error: 'must be true or false' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/api-keys',
  summary: 'List your API keys in this company, newest first',
  description: 'With `all=true`, an admin sees those of everybody. Revoked ones stay in the list.',
  who: ['user'],
  input: pageInput.extend({
    all: queryFlag.default('false').describe('Needs the role admin.'),
    status: ApiKey.shape.status.optional().describe('Only keys of this status.'),
  }),
  output: ApiKey,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const wantsAll = input.all === 'true';
    const list = listOf({
      shape: apiKeyShape,
      from: sql`${apiKeys}`,
      id: apiKeys.id,
      where: [
        callersCompany(apiKeys.companyId),
        wantsAll ? sql`${apiKeys.userId} is not null` : sql`${apiKeys.userId} = (select private.caller_id())`,
        equals(keyStatus, input.status),
      ],
      sort: { by: apiKeys.id, kind: 'id' },
      identity: { list: 'api keys', ...identity },
      input,
    });
    if (!wantsAll) return list;
    const isAdmin = sql`select private.caller_role() as role, private.caller_is_at_least('admin') as "isAdmin"`;
    return {
      statements: [...list.statements, isAdmin],
      reply(results) {
        const [rights] = results.at(-1) ?? [];
        if (rights?.isAdmin !== true) {
          throw new AppError('FORBIDDEN', {
            message: `The role admin is needed to see the keys of others; yours is ${rights?.role}.`,
          });
        }
        return list.reply(results.slice(0, -1));
      },
    };
  },
});
