import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { equals } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { providerHooks } from '#db/schema/provider-links.ts';
import { ofApp } from '../apps/public.ts';
import { Hook, hookIsLive, hookShape } from './shared/hook.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/webhooks',
  summary: 'List the webhooks at Dialpad, newest first',
  description: 'As they were made here; Dialpad is not asked.',
  who: ['internal'],
  input: pageInput.extend({ app_id: z.uuid().optional().describe('Only webhooks of this app.') }),
  output: Hook,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: hookShape,
      from: sql`${providerHooks}`,
      id: providerHooks.id,
      where: [hookIsLive, equals(providerHooks.appId, input.app_id)],
      sort: { by: providerHooks.id, kind: 'id' },
      identity: { list: 'provider hooks', ...identity },
      input,
    });
    return ofApp(input.app_id, list);
  },
});
