import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { rowsOf } from '#core/db.ts';
import { endpoint } from '#core/endpoint.ts';
import { AppError } from '#core/errors.ts';
import { objects } from '#core/objects.ts';
import { isoTime } from '#core/shape.ts';
import { jobs } from '#db/schema/jobs.ts';
import { DataExport } from './shared/data-export.ts';
import { ExportResult, exportFileName } from './shared/make-export.ts';

const linkSeconds = 15 * 60;

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/export-data/:id',
  summary: 'See how an export of one’s data stands, and where to fetch it',
  who: ['user'],
  input: z.object({ id: z.uuid() }),
  output: DataExport,
  errors: ['NOT_FOUND'],
  async handle({ ctx, input }) {
    const [row] = await ctx.db((tx) =>
      rowsOf<{ status: 'waiting' | 'done' | 'failed'; result: unknown; created_at: string }>(
        tx,
        sql`select ${jobs.status} as status, ${jobs.result} as result, ${isoTime(jobs.createdAt)} as created_at
          from ${jobs} where ${jobs.id} = ${input.id}::uuid and ${jobs.kind} = 'export-data'`,
      ),
    );
    if (!row) throw new AppError('NOT_FOUND', { message: 'You have no export with this id.' });
    const base = { id: input.id, createdAt: row.created_at, bytes: null, url: null, expiresAt: null };
    if (row.status !== 'done') return { ...base, status: row.status };
    const { key, bytes, expiresAt } = ExportResult.parse(row.result);
    const leftSeconds = Math.floor((Date.parse(expiresAt) - ctx.now().getTime()) / 1000);
    if (leftSeconds <= 0) return { ...base, bytes, expiresAt, status: 'expired' as const };
    const fileName = exportFileName(new Date(row.created_at));
    const url = await objects().linkTo(key, Math.min(linkSeconds, leftSeconds), fileName);
    return { ...base, bytes, url, expiresAt, status: 'ready' as const };
  },
});
