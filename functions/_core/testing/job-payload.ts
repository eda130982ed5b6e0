import { decryptSecret, placeOf } from '../security/secrets.ts';

/** What a stored job is given, as its handler would read it; the row has `id` and `payload`. */
export const jobPayload = (job: Record<string, unknown> | undefined) =>
  JSON.parse(decryptSecret(String(job?.payload), placeOf('jobs.payload', { id: String(job?.id) })));
