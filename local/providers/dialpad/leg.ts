import type { Organization, StandInUser } from './organization.ts';

/** A call event as Dialpad sends it: see functions/providers/dialpad/event.ts for its fields. */
export type CallEventPayload = Record<string, unknown> & {
  call_id: number;
  state: string;
  direction: 'inbound' | 'outbound';
  event_timestamp: number;
  entry_point_call_id: number | null;
};

type Snapshot = Record<string, unknown> & { date_started: number };

export interface Leg {
  callId: number;
  /** The leg takes on `changes` and tells of `state` at `at` (epoch milliseconds). */
  tell(state: string, at: number, changes?: Record<string, unknown>): CallEventPayload;
}

interface LegSetup {
  callId: number;
  direction: 'inbound' | 'outbound';
  startedAt: number;
  customer: { id: number; name: string; phone: string };
  internalNumber: string;
  target: Record<string, unknown>;
  entryPoint?: { callId: number; target: Record<string, unknown> };
}

/** One leg of a call. Like Dialpad's, each of its events is a snapshot of everything known of the leg by then. */
export function leg(setup: LegSetup): Leg {
  let snapshot: Snapshot = {
    contact: { ...setup.customer, type: 'local', email: '' },
    target: setup.target,
    external_number: setup.customer.phone,
    internal_number: setup.internalNumber,
    date_started: setup.startedAt,
    date_rang: null,
    date_queued: null,
    date_connected: null,
    date_ended: null,
    talk_time: 0,
    hold_time: 0,
    duration: 0,
    total_duration: 0,
    entry_point_target: setup.entryPoint?.target ?? {},
    operator_call_id: null,
    proxy_target: {},
    group_id: null,
    master_call_id: null,
    is_internal: false,
    is_transferred: false,
    transferred_from: {},
    csat_score: null,
    mos_score: null,
    routing_breadcrumbs: [],
    labels: [],
    was_recorded: false,
    voicemail_link: null,
    voicemail_recording_id: null,
    call_recording_ids: [],
    recording_details: [],
    transcription_text: null,
    callback_requested: null,
    integrations: {},
  };
  return {
    callId: setup.callId,
    tell(state, at, changes = {}) {
      snapshot = { ...snapshot, ...changes };
      return {
        call_id: setup.callId,
        state,
        direction: setup.direction,
        ...structuredClone(snapshot),
        entry_point_call_id: setup.entryPoint?.callId ?? null,
        event_timestamp: at,
      };
    },
  };
}

/** What ending adds to a leg. Dialpad's durations are milliseconds as floats. */
export function ended(at: number, startedAt: number, connectedAt: number | null, heldMs = 0) {
  const talked = connectedAt === null ? 0 : at - connectedAt;
  return {
    date_ended: at,
    duration: connectedAt === null ? 0 : talked + 0.11,
    total_duration: at - startedAt + 0.03,
    talk_time: talked === 0 ? 0 : talked - heldMs,
    hold_time: heldMs,
  };
}

export const userTarget = (user: StandInUser, of: Organization) => ({
  ...user,
  type: 'user',
  office_id: of.officeId,
});

export const callCenterTarget = (of: Organization) => ({
  ...of.callCenter,
  type: 'callcenter',
  email: '',
  office_id: of.officeId,
});

export const officeTarget = (of: Organization) => ({
  ...of.mainLine,
  id: of.officeId,
  type: 'office',
  email: '',
  office_id: of.officeId,
});
