import type { JobHandler } from '#core/work/jobs.ts';
import { accountEmailKind, sendAccountEmail } from '#identity/auth/public.ts';
import { sendEmail } from '#messaging/mail/public.ts';
import {
  phoneCodeKind,
  securityNoticeKind,
  sendNotification,
  sendNotificationKind,
  sendPhoneCode,
  tellSecurity,
} from '#outgoing/notifications/public.ts';

/** Every kind of job of the queue `jobs`, with what does it. Those of the other queues stand in bulk-kinds.ts and so on. */
export const kinds: ReadonlyMap<string, JobHandler> = new Map([
  ['send-email', sendEmail],
  [accountEmailKind, sendAccountEmail],
  [sendNotificationKind, sendNotification],
  [securityNoticeKind, tellSecurity],
  [phoneCodeKind, sendPhoneCode],
]);
