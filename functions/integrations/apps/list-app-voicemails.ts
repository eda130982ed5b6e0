import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { before, equals, since } from '#core/database/filters.ts';
import { listOf, pageInput } from '#core/database/page.ts';
import { endpoint } from '#core/endpoint.ts';
import { phoneInput, timeInput } from '#core/http/input.ts';
import { voicemails } from '#db/schema/voicemails.ts';
import { ofApp } from './shared/app-store.ts';
import { AppVoicemail, appVoicemailShape, voicemailsOf } from './shared/app-voicemail.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps/:app_id/voicemails',
  summary: 'List the voicemails of an app, newest first',
  description: 'Those of the Dialpad organization or agents that the app is linked to.',
  who: ['internal'],
  input: pageInput.extend({
    app_id: z.uuid(),
    from_number: phoneInput
      .optional()
      .describe('Only voicemails from this number: E.164; write the plus as %2B.'),
    to_number: phoneInput
      .optional()
      .describe('Only voicemails to this number: E.164; write the plus as %2B.'),
    after: timeInput.optional().describe('Only voicemails of then or later.'),
    before: timeInput.optional().describe('Only voicemails of an earlier time.'),
  }),
  output: AppVoicemail,
  envelope: 'page',
  errors: ['NOT_FOUND', 'INVALID_CURSOR'],
  query({ input }) {
    const { limit, offset, page, cursor, ...identity } = input;
    const list = listOf({
      shape: appVoicemailShape,
      from: sql`${voicemails}`,
      id: voicemails.id,
      where: [
        voicemailsOf(input.app_id),
        equals(voicemails.fromNumber, input.from_number),
        equals(voicemails.toNumber, input.to_number),
        since(voicemails.receivedAt, input.after),
        before(voicemails.receivedAt, input.before),
      ],
      sort: { by: voicemails.receivedAt, kind: 'time' },
      identity: { list: 'app voicemails', ...identity },
      input,
    });
    return ofApp(input.app_id, list);
  },
});
