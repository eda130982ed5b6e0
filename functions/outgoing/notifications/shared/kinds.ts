import { env } from '#core/env.ts';
import type { Template } from '#messaging/mail/public.ts';
import type { NoticeData, NoticeKind, Told } from './notice.ts';
import type { Category } from './preferences.ts';

/** The channels that something is sent by; in-app notices are there at once. */
export const channels = ['email', 'sms', 'slack', 'teams'] as const;
export type Channel = (typeof channels)[number];

/** What became of what was to be sent. A database test holds the list against the check of `notification_sends.status`. */
export const sendStatuses = ['waiting', 'sent', 'failed', 'skipped'] as const;
export type SendStatus = (typeof sendStatuses)[number];

interface About<D> {
  category: Category;
  /** What it may be sent by, where it is wanted. Slack and Teams: a channel that the whole company may read. */
  channels: readonly Channel[];
  /** Is told at any hour. */
  isUrgent: boolean;
  /** Where in the front end there is more to see. */
  path: (data: D) => string;
  mail?: (data: D, reader: MailReader) => Template;
}

interface MailReader {
  name: string;
  timezone: string;
  link: string | null;
}

const aboutCalls = { category: 'calls', channels, isUrgent: false } as const;
const aboutWebhooks = { category: 'team', channels: ['email', 'sms'], isUrgent: false } as const;
/** Sign-in mails these itself, to wherever the person is: here they are told in the app, and by SMS. */
const aboutSecurity = {
  category: 'security',
  channels: ['sms'],
  isUrgent: true,
  path: () => '/security',
} as const;

const kinds: { [K in NoticeKind]: About<NoticeData[K]> } = {
  'call.missed': {
    ...aboutCalls,
    path: ({ callId }) => `/calls/${callId}`,
    mail: ({ from, at }, reader) => ({ template: 'missed-call', data: { ...reader, from, at } }),
  },
  'voicemail.received': {
    ...aboutCalls,
    path: ({ voicemailId }) => `/voicemails/${voicemailId}`,
    mail: ({ from, seconds, at }, reader) => ({
      template: 'voicemail',
      data: { ...reader, from, seconds, at },
    }),
  },
  'webhook.failing': {
    ...aboutWebhooks,
    path: ({ endpointId }) => `/webhooks/${endpointId}`,
    mail: ({ url, reason }, { name, link }) => ({
      template: 'webhook-failing',
      data: { name, link, url, reason },
    }),
  },
  'webhook.disabled': {
    ...aboutWebhooks,
    path: ({ endpointId }) => `/webhooks/${endpointId}`,
    mail: ({ url, reason }, { name, link }) => ({
      template: 'webhook-disabled',
      data: { name, link, url, reason },
    }),
  },
  'security.new-sign-in': aboutSecurity,
  'security.password-changed': aboutSecurity,
  'security.two-factor-changed': aboutSecurity,
  'security.account-locked': aboutSecurity,
};

export const noticeKinds = Object.keys(kinds) as NoticeKind[]; // the object's own names

const aboutOf = ({ kind }: { kind: NoticeKind }) => kinds[kind] as About<unknown>; // Told pairs each kind with its data

export const categoryOf = (told: Told): Category => aboutOf(told).category;
export const channelsOf = (told: Told): readonly Channel[] => aboutOf(told).channels;
export const isUrgent = (told: Told): boolean => aboutOf(told).isUrgent;
export const pathOf = (told: Told): string => aboutOf(told).path(told.data);

/** The same as a link; null where there is no front end that would have the page. */
export function linkOf(told: Told): string | null {
  const { FRONTEND_URL } = env();
  return FRONTEND_URL === undefined ? null : `${FRONTEND_URL.replace(/\/+$/, '')}${pathOf(told)}`;
}

/** The mail that tells it; undefined for what is not mailed. */
export const mailOf = (told: Told, reader: Omit<MailReader, 'link'>): Template | undefined =>
  aboutOf(told).mail?.(told.data, { ...reader, link: linkOf(told) });
