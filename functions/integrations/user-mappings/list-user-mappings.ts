import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { contains, equals } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { userMappings } from '#db/schema/provider-links.ts';
import { ofApp } from '../apps/public.ts';
import { Mapping, mappingShape } from './shared/mapping.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps/:app_id/users/mappings',
  summary: 'List the mapped users of an app, newest first',
  description: 'Which Dialpad user is which person of the client.',
  who: ['internal'],
  input: pageInput.extend({
    app_id: z.uuid(),
    dialpad_user_id: z.string().min(1).max(200).optional().describe('Only mappings of this Dialpad user.'),
    user_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Only mappings with this id of the client’s own.'),
    search: z.string().trim().min(1).max(200).optional().describe('In name and e-mail address.'),
  }),
  output: Mapping,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: mappingShape,
      from: sql`${userMappings}`,
      id: userMappings.id,
      where: [
        sql`${userMappings.appId} = ${input.app_id}::uuid`,
        equals(userMappings.providerUserId, input.dialpad_user_id),
        equals(userMappings.externalUserId, input.user_id),
        contains([userMappings.name, userMappings.email], input.search),
      ],
      sort: { by: userMappings.createdAt, kind: 'time' },
      identity: { list: 'user mappings', ...identity },
      input,
    });
    return ofApp(input.app_id, list);
  },
});
