import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { money, shapeOf } from '#core/database/shape.ts';
import { agents } from '#db/schema/agents.ts';
import { calls } from '#db/schema/calls.ts';
import { callStatuses } from '#telephony/model/status.ts';
import { AgentKind, Direction } from '#telephony/model/words.ts';

export const CallStatus = z.enum(callStatuses).meta({ id: 'CallStatus' });

/** In minor units; providers bill fractions of a cent. */
export const Cost = z
  .object({ amount: z.number(), currency: z.string().nullable() })
  .meta({ id: 'Cost', description: 'In minor units; providers bill fractions of a cent.' });

const time = z.iso.datetime();

/** A call as a list shows it. The transcript is left to GET /api/calls/:id. */
export const Call = z
  .object({
    id: z.uuid(),
    companyId: z.uuid(),
    appId: z.uuid().nullable(),
    provider: z.string().describe('dialpad, retell, twilio, webrtc, manual or incoming'),
    providerCallId: z.string().describe('The provider’s id of the conversation, however many legs it had.'),
    direction: Direction.nullable(),
    status: CallStatus,
    from: z.string().nullable().describe('E.164. Null for web calls.'),
    to: z.string().nullable().describe('E.164. Null for web calls.'),
    agentId: z.uuid().nullable(),
    providerAgentId: z.string().nullable(),
    agentName: z.string().nullable(),
    externalUserId: z
      .string()
      .nullable()
      .describe('The client’s own id of the person, where their provider user is mapped.'),
    customerId: z.uuid().nullable(),
    campaignId: z.uuid().nullable(),
    startedAt: time,
    answeredAt: time.nullable(),
    endedAt: time.nullable(),
    durationMs: z.number().int().nullable(),
    cost: Cost.nullable(),
    summary: z.string().nullable(),
    sentiment: z.string().nullable(),
    successful: z.boolean().nullable(),
    disconnectionReason: z.string().nullable(),
    hasRecording: z
      .boolean()
      .describe('Whether the provider recorded it. Its own address of the audio is never shown.'),
    tags: z.array(z.string()),
    metadata: z.record(z.string(), z.unknown()),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Call' });

const externalUserId = sql`case when ${calls.appId} is null then null else (select m.external_user_id from user_mappings m
  where m.company_id = ${calls.companyId} and m.app_id = ${calls.appId} and m.provider = ${calls.provider}
    and m.provider_user_id = ${calls.providerAgentId}) end`;

const callFields = {
  id: calls.id,
  companyId: calls.companyId,
  appId: calls.appId,
  provider: calls.provider,
  providerCallId: calls.providerCallId,
  direction: calls.direction,
  status: calls.status,
  from: calls.fromNumber,
  to: calls.toNumber,
  agentId: calls.agentId,
  providerAgentId: calls.providerAgentId,
  agentName: calls.agentName,
  externalUserId,
  customerId: calls.customerId,
  campaignId: calls.campaignId,
  startedAt: calls.startedAt,
  answeredAt: calls.answeredAt,
  endedAt: calls.endedAt,
  durationMs: calls.durationMs,
  cost: money(calls.costAmount, calls.costCurrency),
  summary: calls.summary,
  sentiment: calls.sentiment,
  successful: calls.successful,
  disconnectionReason: calls.disconnectionReason,
  hasRecording: sql`${calls.recordingUrl} is not null`,
  tags: calls.tags,
  metadata: calls.metadata,
  createdAt: calls.createdAt,
  updatedAt: calls.updatedAt,
};

export const callShape = shapeOf(Call, callFields);

/** A call as its own page shows it. */
export const CallDetail = Call.extend({
  transcript: z.string().nullable(),
  details: z
    .record(z.string(), z.unknown())
    .describe('The provider’s facts that have no field of their own: callType, csatScore, customAnalysis, …'),
  agent: z.object({ id: z.uuid(), kind: AgentKind, name: z.string() }).meta({ id: 'CallAgent' }).nullable(),
}).meta({ id: 'CallDetail' });

export const callDetailShape = shapeOf(CallDetail, {
  ...callFields,
  transcript: calls.transcript,
  details: calls.details,
  agent: sql`(select json_build_object('id', ${agents.id}, 'kind', ${agents.kind}, 'name', ${agents.name})
    from ${agents} where ${agents.companyId} = ${calls.companyId} and ${agents.id} = ${calls.agentId})`,
});
