import type * as z from 'zod';
import { objects } from '#core/clients/objects.ts';
import { type JobHandler, JobRefused } from '#core/work/jobs.ts';
import { addresseeOf, mailTo, pageLink } from '../../auth/public.ts';
import { exportOf } from './export-file.ts';
import { deleteExport, type ExportResult, exportKey, keptHours } from './stored-export.ts';

/** Makes the file of a person's data, and tells them where it is. */
export const makeExport: JobHandler = async ({ ctx, job }) => {
  const { id, userId, companyId } = job;
  if (!userId || !companyId) throw new JobRefused('An export is of a person in a company.');
  const document = await ctx.dbAs('jobs', 'collect the data of one person', (tx) =>
    exportOf(tx, userId, ctx.now()),
  );
  await objects().put(exportKey({ id, companyId }), Buffer.from(document), 'application/json');
  if (job.progress === null) {
    const mailId = await ctx.dbAs('jobs', 'tell a person that their export is ready', async (tx) => {
      const addressee = await addresseeOf(tx, userId, companyId);
      if (!addressee) return undefined;
      // The reader of the mail has to log in: what it leads to is all that there is about a person.
      const link = pageLink('/data-export', { token: id });
      const { name } = addressee;
      return await mailTo(tx, addressee, {
        template: 'export-ready',
        data: { name, link, hours: keptHours },
      });
    });
    if (mailId === undefined) {
      await deleteExport({ id, companyId }); // erased meanwhile, and so was the job that leads to the file
      throw new JobRefused('The person is gone.');
    }
    await job.remember({ mailId });
  }
  return { bytes: Buffer.byteLength(document) } satisfies z.infer<typeof ExportResult>;
};
