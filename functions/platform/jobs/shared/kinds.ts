import type { JobHandler } from '#core/work/jobs.ts';
import { accountEmailKind, sendAccountEmail } from '#identity/auth/public.ts';
import { makeExport } from '#identity/personal-data/public.ts';
import { sendEmail } from '#messaging/mail/public.ts';
import {
  phoneCodeKind,
  securityNoticeKind,
  sendNotification,
  sendNotificationKind,
  sendPhoneCode,
  tellSecurity,
} from '#outgoing/notifications/public.ts';

/** Every kind of job, with what does it. */
export const kinds: ReadonlyMap<string, JobHandler> = new Map([
  ['send-email', sendEmail],
  [accountEmailKind, sendAccountEmail],
  ['export-data', makeExport],
  [sendNotificationKind, sendNotification],
  [securityNoticeKind, tellSecurity],
  [phoneCodeKind, sendPhoneCode],
]);
