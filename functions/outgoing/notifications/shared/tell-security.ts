import * as z from 'zod';
import { type JobHandler, JobRefused } from '#core/work/jobs.ts';
import type { SecurityNotice } from '#identity/auth/public.ts';
import { noticeKinds } from './kinds.ts';
import { notify } from './notify.ts';

export const securityNoticeKind = 'security-notice';

const StoredNotice = z.object({
  kind: z.enum(noticeKinds.filter((kind) => kind.startsWith('security.'))),
  data: z.looseObject({}),
});

/**
 * Does a job of the kind `security-notice`: tells a person in the app, and by SMS, what sign-in mails them itself. A job,
 * so that logging in waits for none of it.
 */
export const tellSecurity: JobHandler = async ({ ctx, job: { id, companyId, userId, payload } }) => {
  if (!companyId || !userId) throw new JobRefused('A security notice is for a person in a company.');
  const told = StoredNotice.parse(payload) as unknown as SecurityNotice; // stored as one
  await ctx.dbAs('pipeline', 'tell a person what happened to their account', (tx) =>
    notify(tx, ctx, [{ companyId, to: { userIds: [userId] }, dedupeKey: `security:${id}`, ...told }]),
  );
  return {};
};
