import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { apps } from '#db/schema/apps.ts';
import { App, appShape, companyIsThere } from './shared/app.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps/:app_id',
  summary: 'Get an app with its links',
  description: 'With the Dialpad organization and the Retell agents whose events it receives.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid() }),
  output: App,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    oneOf(
      sql`select ${asJson(appShape)} as item from ${apps} where ${apps.id} = ${input.app_id}::uuid and ${companyIsThere}`,
    ),
});
