import type { CallRecord } from './call-record.ts';
import type { Hook } from './delivery.ts';
import { isRecord } from './http.ts';
import type { CallEventPayload } from './leg.ts';
import { type Organization, organization } from './organization.ts';
import type { SmsEventPayload } from './sms-lifecycle.ts';

export interface CallSubscription {
  id: number;
  endpoint_id: number;
  call_states: string[];
  enabled: boolean;
  group_calls_only: boolean;
  target_type?: string;
  target_id?: number;
}

export interface SmsSubscription {
  id: number;
  endpoint_id: number;
  direction: 'all' | 'inbound' | 'outbound';
  enabled: boolean;
  include_internal: boolean;
  status: boolean;
  target_type?: string;
  target_id?: number;
}

/** What one Dialpad company has: its webhooks, subscriptions and concluded calls. */
export interface Account {
  organization: Organization;
  /** Whether its tokens are a company admin's. */
  isAdmins: boolean;
  webhooks: Map<number, Hook>;
  callSubscriptions: Map<number, CallSubscription>;
  smsSubscriptions: Map<number, SmsSubscription>;
  calls: CallRecord[];
  transcripts: Map<number, string>;
  nextId(): number;
  lastId(): number;
  /** Ids up to this one are taken. */
  goOnAfter(id: number): void;
}

export function newAccount(of: Organization = organization(), isAdmins = true): Account {
  let lastId = of.companyId + 1_000_000_000_000_000;
  return {
    organization: of,
    isAdmins,
    webhooks: new Map(),
    callSubscriptions: new Map(),
    smsSubscriptions: new Map(),
    calls: [],
    transcripts: new Map(),
    nextId: () => ++lastId,
    lastId: () => lastId,
    goOnAfter(id) {
      lastId = Math.max(lastId, id);
    },
  };
}

/** The webhooks that a call event goes to, one for each subscription that wants it. */
export function hooksForCall(account: Account, event: CallEventPayload): Hook[] {
  return [...account.callSubscriptions.values()]
    .filter(
      (wanted) =>
        wanted.enabled &&
        (wanted.call_states.includes('all') || wanted.call_states.includes(event.state)) &&
        (!wanted.group_calls_only || isGroupCall(event)) &&
        concerns(wanted.target_id, event),
    )
    .flatMap((wanted) => account.webhooks.get(wanted.endpoint_id) ?? []);
}

/** The webhooks that an SMS event goes to. Delivery results go only to who asked for them with `status`. */
export function hooksForSms(account: Account, event: SmsEventPayload): Hook[] {
  const isStatus = event.message_delivery_result !== null;
  return [...account.smsSubscriptions.values()]
    .filter(
      (wanted) =>
        wanted.enabled &&
        (wanted.direction === 'all' || wanted.direction === event.direction) &&
        (wanted.status || !isStatus) &&
        (wanted.include_internal || event.is_internal !== true) &&
        concerns(wanted.target_id, event),
    )
    .flatMap((wanted) => account.webhooks.get(wanted.endpoint_id) ?? []);
}

function isGroupCall(event: CallEventPayload): boolean {
  const groups = [event.target, event.entry_point_target].filter(isRecord);
  return groups.some((group) => group.type !== undefined && group.type !== 'user');
}

function concerns(targetId: number | undefined, event: Record<string, unknown>): boolean {
  if (targetId === undefined) return true;
  const targets = [event.target, event.entry_point_target].filter(isRecord);
  return targets.some((target) => target.id === targetId || target.office_id === targetId);
}
