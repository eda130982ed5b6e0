import type { SQL } from 'drizzle-orm/sql';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callersCompany, equals } from '#core/database/filters.ts';
import {
  listOf,
  type Page,
  type PageInput,
  Pagination,
  pageInput,
  type Read,
  type Sort,
} from '#core/database/page.ts';
import { isoTime, shapeOf } from '#core/database/shape.ts';
import { calls } from '#db/schema/calls.ts';
import { statusIn } from '#telephony/model/status.ts';

export const DashboardCallStatus = z
  .enum(['registered', 'ongoing', 'ended', 'not_connected', 'error'])
  .meta({ id: 'DashboardCallStatus' });

/** A call in the form that the Retell dashboard's clients know. */
export const DashboardCall = z
  .object({
    id: z.uuid(),
    agent_id: z.string().nullable().describe('Retell’s id of the agent.'),
    call_id: z.string().describe('Retell’s id of the call.'),
    caller_info: z
      .object({
        from_number: z.string().nullable(),
        to_number: z.string().nullable(),
        direction: z.string().nullable(),
        call_type: z.string().nullable(),
      })
      .meta({ id: 'DashboardCaller' }),
    start_timestamp: z.number().int().describe('Epoch milliseconds.'),
    end_timestamp: z.number().int().nullable().describe('Epoch milliseconds.'),
    duration_ms: z.number().int().nullable(),
    duration_seconds: z.number().nullable(),
    transcript: z.string().nullable(),
    call_status: DashboardCallStatus,
    disconnection_reason: z.string().nullable(),
    cost: z.number().nullable().describe('US cents; Retell bills fractions.'),
    call_summary: z.string().nullable(),
    user_sentiment: z.string().nullable(),
    call_successful: z.boolean().nullable(),
    recording_url: z.string().nullable().describe('Retell’s own address, as its dashboards had it.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'DashboardCall' });

const epochMs = (time: typeof calls.startedAt | typeof calls.endedAt) =>
  sql`(extract(epoch from ${time}) * 1000)::bigint`;

/** Retell's words for the states of a call, which its dashboards filter by. */
export const retellStatus = sql`case
  when ${statusIn(calls.status, ['scheduled', 'queued', 'ringing'])} then 'registered'
  when ${statusIn(calls.status, ['in_progress', 'on_hold'])} then 'ongoing'
  when ${statusIn(calls.status, ['missed', 'cancelled'])} then 'not_connected'
  when ${calls.status} = 'failed' then 'error'
  else 'ended' end`;

export const dashboardCallShape = shapeOf(DashboardCall, {
  id: calls.id,
  agent_id: calls.providerAgentId,
  call_id: calls.providerCallId,
  caller_info: sql`json_build_object('from_number', ${calls.fromNumber}, 'to_number', ${calls.toNumber},
    'direction', ${calls.direction}, 'call_type', ${calls.details} ->> 'callType')`,
  start_timestamp: epochMs(calls.startedAt),
  end_timestamp: epochMs(calls.endedAt),
  duration_ms: calls.durationMs,
  duration_seconds: sql`round(${calls.durationMs} / 1000.0, 3)`,
  transcript: calls.transcript,
  call_status: retellStatus,
  disconnection_reason: calls.disconnectionReason,
  cost: calls.costAmount,
  call_summary: calls.summary,
  user_sentiment: sql`initcap(${calls.sentiment})`,
  call_successful: calls.successful,
  recording_url: calls.recordingUrl,
  created_at: isoTime(calls.createdAt),
  updated_at: isoTime(calls.updatedAt),
});

/** What the dashboard's lists sort by, in its words. */
export const DashboardSort = z
  .enum(['date', 'duration', 'cost'])
  .default('date')
  .describe('The field that the list is sorted by.');

const sorts: Record<z.infer<typeof DashboardSort>, Sort> = {
  date: { by: calls.startedAt, kind: 'time' },
  duration: { by: sql`coalesce(${calls.durationMs}, -1)`, kind: 'number' },
  cost: { by: sql`coalesce(${calls.costAmount}, -1)`, kind: 'number' },
};

/** The dashboard's envelope of a list. */
export const DashboardCallPage = z
  .object({ calls: z.array(DashboardCall), pagination: Pagination })
  .meta({ id: 'DashboardCallPage' });

const compose = ({ items, pagination }: Page) =>
  `{"calls":${items},"pagination":${JSON.stringify(pagination)}}`;

/** A page of the company's Retell calls. */
export function dashboardCalls(
  input: PageInput & { sortBy: z.infer<typeof DashboardSort> },
  list: string,
  filters: Record<string, unknown>,
  where: (SQL | undefined)[],
): Read {
  return listOf(
    {
      shape: dashboardCallShape,
      from: sql`${calls}`,
      id: calls.id,
      where: [callersCompany(calls.companyId), sql`${calls.provider} = 'retell'`, ...where],
      sort: sorts[input.sortBy],
      identity: { list, ...filters, sortBy: input.sortBy, sortOrder: input.sortOrder },
      input,
    },
    compose,
  );
}

/** What the lists across agents take. */
export const acrossAgentsInput = pageInput.extend({
  agentId: z.string().max(200).optional().describe('Retell’s id of the agent.'),
  callStatus: DashboardCallStatus.optional().describe('Only calls of this status.'),
  sortBy: DashboardSort,
});

/** A page of the calls of all agents. The list is named for its cursors, which belong to it alone. */
export const callsAcrossAgents = (input: z.infer<typeof acrossAgentsInput>, list: string): Read =>
  dashboardCalls(input, list, { agentId: input.agentId, callStatus: input.callStatus }, [
    equals(calls.providerAgentId, input.agentId),
    equals(retellStatus, input.callStatus),
  ]);
