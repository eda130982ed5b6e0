import * as z from 'zod';
import { objectKey, objects } from '#core/clients/objects.ts';
import { env } from '#core/env.ts';

/** How long the file of an export is kept, from when its job is done. */
export const keptHours = 24;

/** What a finished export leaves in its job. */
export const ExportResult = z.object({ bytes: z.number() });

/** An export by its job. */
export interface ExportJob {
  id: string;
  companyId: string;
}

/** Where an export's file is, also where its job has failed. */
export const exportKey = ({ id, companyId }: ExportJob): string =>
  objectKey(companyId, 'exports', `${id}.json`);

export const exportFileName = (at: Date): string => `my-data-${at.toISOString().slice(0, 10)}.json`;

/** Deletes the file of an export, if there is one. */
export async function deleteExport(job: ExportJob): Promise<void> {
  if (env().S3_BUCKET) await objects().delete(exportKey(job)); // without a store, none was ever made
}
