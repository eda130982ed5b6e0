import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/db.ts';
import { type JobHandler, JobRefused } from '#core/jobs.ts';
import { objectKey, objects } from '#core/objects.ts';
import { wakeOwn } from '#core/queue.ts';
import { queueMail } from '../../mail/public.ts';
import { exportOf, keptHours } from './export-file.ts';

/** What a finished export leaves in its job. */
export const ExportResult = z.object({ key: z.string(), bytes: z.number(), expiresAt: z.iso.datetime() });

export const exportFileName = (at: Date) => `my-data-${at.toISOString().slice(0, 10)}.json`;

/** Makes the file of a person's data, and tells them where it is. */
export const makeExport: JobHandler = async ({ ctx, job }) => {
  const { userId, companyId } = job;
  if (!userId || !companyId) throw new JobRefused('An export is of a person in a company.');
  const now = ctx.now();
  const document = await ctx.dbAsService('collect the data of one person', (tx) => exportOf(tx, userId, now));
  const key = objectKey(companyId, 'exports', `${job.id}.json`);
  await objects().put(key, Buffer.from(document), 'application/json');
  const expiresAt = new Date(now.getTime() + keptHours * 3_600_000).toISOString();
  const link = await objects().linkTo(key, keptHours * 3600, exportFileName(now));
  if (job.progress === null) {
    const mailId = await ctx.dbAsService('tell a person that their export is ready', async (tx) => {
      const [person] = await rowsOf<{ email: string; name: string; language: string; company: string }>(
        tx,
        sql`select u.email, u.name, u.language, c.name as company from users u, companies c
          where u.id = ${userId}::uuid and c.id = ${companyId}::uuid`,
      );
      if (!person) throw new JobRefused('The person is gone.');
      return await queueMail(tx, {
        to: person.email,
        language: person.language,
        companyId,
        userId,
        companyName: person.company,
        template: 'export-ready',
        data: { name: person.name, link, hours: keptHours },
      });
    });
    await job.remember({ mailId });
    ctx.waitUntil(wakeOwn('jobs', [mailId]));
  }
  return { key, bytes: Buffer.byteLength(document), expiresAt } satisfies z.infer<typeof ExportResult>;
};
