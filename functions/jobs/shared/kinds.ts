import type { JobHandler } from '#core/jobs.ts';
import { accountEmailKind, sendAccountEmail } from '../../auth/public.ts';
import { sendEmail } from '../../mail/public.ts';
import {
  phoneCodeKind,
  securityNoticeKind,
  sendNotification,
  sendNotificationKind,
  sendPhoneCode,
  tellSecurity,
} from '../../notifications/public.ts';
import { makeExport } from '../../personal-data/public.ts';

/** Every kind of job, with what does it. */
export const kinds: ReadonlyMap<string, JobHandler> = new Map([
  ['send-email', sendEmail],
  [accountEmailKind, sendAccountEmail],
  ['export-data', makeExport],
  [sendNotificationKind, sendNotification],
  [securityNoticeKind, tellSecurity],
  [phoneCodeKind, sendPhoneCode],
]);
