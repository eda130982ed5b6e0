import type { Role } from '#core/caller.ts';

/** What there is to tell, by its kind: what the notices are made of. */
export interface NoticeData {
  'call.missed': { callId: string; from: string | null; at: string };
  'voicemail.received': { voicemailId: string; from: string | null; seconds: number | null; at: string };
  'webhook.failing': { url: string; reason: string; endpointId: string };
  'webhook.disabled': { url: string; reason: string; endpointId: string };
  'security.new-sign-in': { device: string; ip: string; at: string };
  'security.password-changed': Record<never, never>;
  'security.two-factor-changed': { isOn: boolean };
  'security.account-locked': { minutes: number };
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
