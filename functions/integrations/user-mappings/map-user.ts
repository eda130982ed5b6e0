import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { findApp } from '../apps/public.ts';
import { Mapping, mappingFields } from './shared/mapping.ts';
import { keepMappings } from './shared/mapping-store.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/internal/apps/:app_id/users/map',
  summary: 'Map a Dialpad user to the client’s own id of the person',
  description:
    'A user who is mapped already takes the new id. The app’s calls show it as externalUserId, earlier ones too.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid(), ...mappingFields }),
  output: Mapping.extend({ created: z.boolean().describe('False: the user was mapped already.') }),
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { app_id, ...given } = input;
    return await ctx.dbAs('jobs', 'map a user of an app', async (tx) => {
      const [kept] = await keepMappings(tx, await findApp(tx, app_id), [given]);
      if (!kept) throw new Error('The mapping was not stored.');
      return { ...kept.mapping, created: kept.isNew };
    });
  },
});
