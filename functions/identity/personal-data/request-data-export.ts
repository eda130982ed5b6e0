import { endpoint } from '#core/endpoint.ts';
import { audit } from '#core/security/audit.ts';
import { enqueueJob } from '#core/work/jobs.ts';
import { callingPerson } from '../auth/public.ts';
import { DataExport } from './shared/data-export.ts';
import { maxRows } from './shared/export-file.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/api/settings/export-data',
  summary: 'Request an export of your data',
  description: `Everything that is kept of you, in every company: profile, memberships, sessions, keys and actions, and your calls in companies that you work in, as one JSON file. Of logins, calls and actions it holds the newest ${maxRows} each; its field \`limits\` says where there were more. An e-mail tells when it is ready; GET /api/settings/export-data/:id gives its address.`,
  who: ['user'],
  limit: 'strict',
  output: DataExport,
  status: 202,
  async handle({ ctx }) {
    const { userId, companyId } = callingPerson(ctx);
    const id = await ctx.db(async (tx) => {
      const jobId = await enqueueJob(tx, {
        kind: 'export-data',
        queue: 'bulk',
        companyId,
        userId,
        payload: {},
      });
      audit(tx, ctx, {
        companyId,
        action: 'user.data_exported',
        resource: { type: 'user', id: userId },
      });
      return jobId;
    });
    const createdAt = ctx.now().toISOString();
    return { id, status: 'waiting' as const, createdAt, bytes: null, url: null, expiresAt: null };
  },
});
