import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { voicemails } from '#db/schema/voicemails.ts';

export const Voicemail = z
  .object({
    id: z.uuid(),
    companyId: z.uuid(),
    appId: z.uuid().nullable(),
    callId: z.uuid().nullable(),
    provider: z.string(),
    providerVoicemailId: z.string(),
    from: z.string().nullable().describe('E.164'),
    to: z.string().nullable().describe('E.164'),
    durationMs: z.number().int().nullable(),
    transcript: z.string().nullable().describe('Null until the provider has it.'),
    hasRecording: z.boolean(),
    heardAt: z.iso.datetime().nullable(),
    receivedAt: z.iso.datetime(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Voicemail' });

export const voicemailShape = shapeOf(Voicemail, {
  id: voicemails.id,
  companyId: voicemails.companyId,
  appId: voicemails.appId,
  callId: voicemails.callId,
  provider: voicemails.provider,
  providerVoicemailId: voicemails.providerVoicemailId,
  from: voicemails.fromNumber,
  to: voicemails.toNumber,
  durationMs: voicemails.durationMs,
  transcript: voicemails.transcript,
  hasRecording: sql`${voicemails.recordingUrl} is not null`,
  heardAt: voicemails.heardAt,
  receivedAt: voicemails.receivedAt,
  createdAt: voicemails.createdAt,
  updatedAt: voicemails.updatedAt,
});
