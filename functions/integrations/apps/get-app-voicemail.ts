import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { asJson } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { voicemails } from '#db/schema/voicemails.ts';
import { ofApp } from './shared/app-store.ts';
import { AppVoicemail, appVoicemailShape, voicemailsOf } from './shared/app-voicemail.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/internal/apps/:app_id/voicemails/:id',
  summary: 'Get a voicemail of an app',
  description: 'With its transcript, once the provider has it.',
  who: ['internal'],
  input: z.object({ app_id: z.uuid(), id: z.uuid() }),
  output: AppVoicemail,
  errors: ['NOT_FOUND'],
  query: ({ input }) =>
    ofApp(
      input.app_id,
      oneOf(
        sql`select ${asJson(appVoicemailShape)} as item from ${voicemails}
          where ${voicemailsOf(input.app_id)} and ${voicemails.id} = ${input.id}::uuid`,
      ),
    ),
});
