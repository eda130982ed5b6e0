import { createHash } from 'node:crypto';
import type { Provider } from '#providers/provider.ts';
import { RetellEvent } from './event.ts';
import { ownersOf } from './owners.ts';
import { hintsOf, verifyRetell } from './signature.ts';
import { occurredAt, translate } from './translate.ts';

/** Retell AI: voice agents on the telephone and on the web. https://docs.retellai.com */
export const retell: Provider = {
  name: 'retell',

  verify({ body, headers, secrets, nowMs }) {
    const secretIndex = verifyRetell(body, headers.get('x-retell-signature'), secrets, nowMs);
    return secretIndex === undefined ? undefined : { json: body.toString('utf8'), secretIndex };
  },

  hintsOf,

  identify(event, json) {
    const parsed = RetellEvent.safeParse(event);
    if (!parsed.success) return undefined;
    // Retell numbers neither its events nor its retries. A retry repeats the body byte for byte, so the text's hash
    // drops it; transcript_updated, or an analysis that is made again, comes under the same name with new content
    // and is let through.
    const digest = createHash('sha256').update(json).digest('hex').slice(0, 16);
    return {
      dedupeKey: `${parsed.data.event}:${parsed.data.call.call_id}:${digest}`,
      type: parsed.data.event,
      occurredAt: occurredAt(parsed.data),
      owners: ownersOf(parsed.data.call),
    };
  },

  translate,
};
