import * as z from 'zod';
import { pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { timeInput } from '#core/http/input.ts';
import { LoggedEvent, typesInput } from './shared/event.ts';
import { logPage } from './shared/log-page.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/events',
  summary: 'List events, oldest first',
  description:
    'Each event has the next number of its company’s log, so that whoever has read up to one goes on with `after`, and knows that nothing was missed. An agent sees events of calls and voicemails that they see, an app’s key those of its app: then numbers are left out. Events are kept for 30 days.',
  who: ['user', 'key'],
  permission: 'events:read',
  input: pageInput.extend({
    after: z.coerce
      .number()
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .default(0)
      .describe('The `sequence` of the last event that is known.'),
    types: typesInput.optional(),
    subjectId: z.uuid().optional().describe('Only what is about this call, message, …'),
    since: timeInput.optional().describe('Only what happened then or later.'),
    until: timeInput.optional().describe('Only what happened before.'),
    sortOrder: z
      .enum(['asc', 'desc'])
      .default('asc')
      .describe('`asc`: the oldest first. `desc`: the newest first.'),
  }),
  output: LoggedEvent,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input, caller }) {
    return logPage(input, caller.kind === 'key' ? (caller.appId ?? undefined) : undefined);
  },
});
