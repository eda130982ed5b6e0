import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { userMappings } from '#db/schema/provider-links.ts';
import { ofApp } from '../apps/public.ts';
import { Mapping, mappingShape } from './shared/mapping.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps/:app_id/users/mappings/:id',
  summary: 'Get a mapped user of an app',
  description: 'Which person of the client the Dialpad user is.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid(), id: z.uuid() }),
  output: Mapping,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    ofApp(
      input.app_id,
      oneOf(
        sql`select ${asJson(mappingShape)} as item from ${userMappings}
          where ${userMappings.appId} = ${input.app_id}::uuid and ${userMappings.id} = ${input.id}::uuid`,
      ),
    ),
});
