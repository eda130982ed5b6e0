import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { voicemails } from '#db/schema/voicemails.ts';

export const AppVoicemail = z
  .object({
    id: z.uuid(),
    app_id: z.uuid().nullable(),
    company_id: z.uuid(),
    call_id: z.uuid().nullable().describe('Ours, as in GET /api/calls/:id.'),
    provider: z.string(),
    provider_call_id: z.string(),
    provider_voicemail_id: z.string(),
    from_number: z.string().nullable().describe('E.164'),
    to_number: z.string().nullable().describe('E.164'),
    duration_ms: z.number().int().nullable(),
    duration_seconds: z.number().nullable(),
    transcript: z.string().nullable().describe('Null until the provider has it.'),
    has_recording: z.boolean(),
    heard_at: z.iso.datetime().nullable(),
    received_at: z.iso.datetime(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'AppVoicemail' });

export const appVoicemailShape = shapeOf(AppVoicemail, {
  id: voicemails.id,
  app_id: voicemails.appId,
  company_id: voicemails.companyId,
  call_id: voicemails.callId,
  provider: voicemails.provider,
  provider_call_id: voicemails.providerCallId,
  provider_voicemail_id: voicemails.providerVoicemailId,
  from_number: voicemails.fromNumber,
  to_number: voicemails.toNumber,
  duration_ms: voicemails.durationMs,
  duration_seconds: sql`round(${voicemails.durationMs} / 1000.0, 3)`,
  transcript: voicemails.transcript,
  has_recording: sql`${voicemails.recordingUrl} is not null`,
  heard_at: voicemails.heardAt,
  received_at: voicemails.receivedAt,
  created_at: voicemails.createdAt,
  updated_at: voicemails.updatedAt,
});

/** The voicemails of an app that were not deleted. The company comes first: the index is by company and time. */
export const voicemailsOf = (appId: string) =>
  sql`${voicemails.companyId} = (select a.company_id from apps a where a.id = ${appId}::uuid)
    and ${voicemails.appId} = ${appId}::uuid and ${voicemails.deletedAt} is null`;
