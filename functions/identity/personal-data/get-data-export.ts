import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { objects } from '#core/clients/objects.ts';
import { isoTime } from '#core/database/shape.ts';
import { rowsOf } from '#core/database/transaction.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { jobs } from '#db/schema/jobs.ts';
import { callingPerson } from '../auth/public.ts';
import { DataExport } from './shared/data-export.ts';
import { ExportResult, exportFileName, exportKey, keptHours } from './shared/stored-export.ts';

const linkSeconds = 15 * 60;

type Found = { companyId: string; createdAt: string } & (
  | { status: 'waiting' | 'failed' }
  | { status: 'done'; result: unknown; expiresAt: string }
);

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/export-data/:id',
  summary: 'Get an export of your data',
  description: 'In whichever company it was asked for.',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: DataExport,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const { userId } = callingPerson(ctx);
    const doneUntil = sql`${jobs.doneAt} + make_interval(hours => ${keptHours}::int)`;
    const [found] = await ctx.dbAs('auth', 'a person’s export is theirs in each of their companies', (tx) =>
      rowsOf<Found>(
        tx,
        sql`select ${jobs.companyId} as "companyId", ${jobs.status} as status, ${jobs.result} as result,
            ${isoTime(jobs.createdAt)} as "createdAt", ${isoTime(doneUntil)} as "expiresAt"
          from ${jobs} where ${jobs.id} = ${input.id}::uuid and ${jobs.userId} = ${userId}::uuid and ${jobs.kind} = 'export-data'`,
      ),
    );
    if (!found) throw new AppError('NOT_FOUND', { message: 'You have no export with this id.' });
    const { companyId, createdAt } = found;
    const base = { id: input.id, createdAt, bytes: null, url: null, expiresAt: null };
    if (found.status !== 'done') return { ...base, status: found.status };
    const { expiresAt } = found;
    const { bytes } = ExportResult.parse(found.result);
    const leftSeconds = Math.floor((Date.parse(expiresAt) - ctx.now().getTime()) / 1000);
    if (leftSeconds <= 0) return { ...base, bytes, expiresAt, status: 'expired' as const };
    const url = await objects().linkTo(
      exportKey({ id: input.id, companyId }),
      Math.min(linkSeconds, leftSeconds),
      exportFileName(new Date(createdAt)),
    );
    return { ...base, bytes, url, expiresAt, status: 'ready' as const };
  },
});
