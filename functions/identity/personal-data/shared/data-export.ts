import * as z from 'zod';

/** An export of a person's own data. */
export const DataExport = z
  .object({
    id: z.uuid(),
    status: z.enum(['waiting', 'ready', 'failed', 'expired']),
    createdAt: z.iso.datetime(),
    bytes: z.number().int().nullable(),
    url: z.string().nullable().describe('Where to fetch it, for 15 minutes; asking again gives another.'),
    expiresAt: z.iso.datetime().nullable().describe('After that the file is deleted.'),
  })
  .meta({ id: 'DataExport' });
