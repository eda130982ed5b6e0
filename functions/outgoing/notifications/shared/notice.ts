import type { Role } from '#core/callers/caller.ts';
import type { SecurityNotices } from '#identity/auth/public.ts';

/** What there is to tell, by its kind: what the notices are made of. */
export interface NoticeData extends SecurityNotices {
  'call.missed': { callId: string; from: string | null; at: string };
  'voicemail.received': { voicemailId: string; from: string | null; seconds: number | null; at: string };
  'webhook.failing': { url: string; reason: string; endpointId: string };
  'webhook.disabled': { url: string; reason: string; endpointId: string };
}
export type NoticeKind = keyof NoticeData;

/** A kind with its data. */
export type Told = { [K in NoticeKind]: { kind: K; data: NoticeData[K] } }[NoticeKind];

/** The least role of those who are told. */
export type LeastRole = Exclude<Role, 'platform_admin' | 'viewer'>;

/** Something that people of a company are to be told. Of those named, only active members of it are. */
export type Notice = {
  companyId: string;
  to: { userIds: readonly string[] } | { leastRole: LeastRole };
  /** Each person is told only once of what has the same key. */
  dedupeKey: string;
  eventId?: string | undefined;
} & Told;

/** A line of the outbox that has its place in its company's log. */
export interface ToldEvent {
  id: string;
  companyId: string;
  type: string;
  subjectId: string;
  occurredAt: string;
  /** JSON text. */
  data: string | null;
}

/** Whom of a company a notice is for: active members alone, named, or by the least role for each way of telling. */
export type Audience = { userIds: readonly string[] } | { inApp: LeastRole; sent: LeastRole };

/** A notice with whom it is for, as it is stored. */
export type AddressedNotice = {
  companyId: string;
  audience: Audience;
  dedupeKey: string;
  eventId?: string | undefined;
} & Told;
