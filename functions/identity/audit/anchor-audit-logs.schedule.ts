import { env } from '#core/env.ts';
import { schedule } from '#core/schedule.ts';
import { auditObjects } from '#core/security/audit-objects.ts';
import { anchorDay } from './shared/anchors.ts';

export const { contract, run, serve, handler } = schedule({
  // Each hour, so that an hour without the object store does not cost the day.
  cron: '7 * * * *',
  summary: 'Keep the newest digest of every audit log in the object store, once a day',
  timeoutSeconds: 60,
  async handle({ ctx }) {
    if (!env().S3_AUDIT_BUCKET && !env().S3_BUCKET) {
      ctx.log.warn('there is no object store: the audit log’s newest digests do not leave the database');
      return;
    }
    const anchored = await anchorDay(ctx, auditObjects());
    if (anchored) ctx.log.info(anchored, 'the newest digests of the audit logs were kept');
  },
});
