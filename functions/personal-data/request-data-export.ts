import { audit } from '#core/audit.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { enqueueJob } from '#core/jobs.ts';
import { wake } from '#core/queue.ts';
import { DataExport } from './shared/data-export.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/settings/export-data',
  summary: 'Have all data about oneself put into a file',
  description:
    'Everything that is kept of you, in every company: profile, memberships, sessions, keys, calls and actions, as one JSON file. An e-mail tells when it is ready; GET /api/settings/export-data/:id gives its address.',
  who: ['user'],
  limit: 'strict',
  output: DataExport,
  status: 202,
  async handle({ ctx }) {
    const { caller, companyId } = ctx;
    if (caller.kind !== 'user') throw new AppError('FORBIDDEN');
    const id = await ctx.dbAsService('begin an export of the caller’s data', async (tx) => {
      const jobId = await enqueueJob(tx, {
        kind: 'export-data',
        companyId,
        userId: caller.userId,
        payload: {},
      });
      await audit(tx, ctx, {
        companyId,
        action: 'user.data_exported',
        resource: { type: 'user', id: caller.userId },
      });
      return jobId;
    });
    ctx.waitUntil(wake('jobs', [id]));
    const createdAt = ctx.now().toISOString();
    return { id, status: 'waiting' as const, createdAt, bytes: null, url: null, expiresAt: null };
  },
});
