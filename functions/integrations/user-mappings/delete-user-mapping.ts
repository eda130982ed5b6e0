import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { itemOf } from '#core/database/rows.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { userMappings } from '#db/schema/provider-links.ts';
import { findApp } from '../apps/public.ts';
import { Mapping, mappingShape } from './shared/mapping.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'DELETE',
  path: '/internal/apps/:app_id/users/mappings/:id',
  summary: 'Remove the mapping of a user',
  description: 'The app’s calls no longer show the client’s own id of the person.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid(), id: z.uuid() }),
  output: Mapping,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    return await ctx.dbAs('jobs', 'remove the mapping of a user of an app', async (tx) => {
      const app = await findApp(tx, input.app_id);
      const mapping = await itemOf(
        tx,
        Mapping,
        sql`delete from ${userMappings} where ${userMappings.appId} = ${app.id}::uuid and ${userMappings.id} = ${input.id}::uuid
          returning ${asJson(mappingShape)} as item`,
        'The app has no mapped user with this id.',
      );
      audit(tx, ctx, {
        companyId: app.companyId,
        action: 'user_mapping.deleted',
        resource: { type: 'user_mapping', id: mapping.id },
        before: { appId: app.id, dialpadUserId: mapping.dialpad_user_id, userId: mapping.user_id },
      });
      return mapping;
    });
  },
});
