import { createHash } from 'node:crypto';
import { env } from '#core/env.ts';
import type { Provider } from '#providers/provider.ts';
import { IncomingEvent } from './event.ts';
import { parseExactJson } from './exact-json.ts';
import { verifyIncoming } from './signature.ts';
import { translate } from './translate.ts';

/**
 * A company's own systems, at POST /api/webhooks/incoming/:companyId; `IncomingEvent` says what they may send.
 * Company and secret come with the path, so an event names no owner, and its dedupe key is one only within that
 * company: the caller that stores it adds the company, or two companies that both number from 1 lose events to each other.
 */
export const incoming: Provider = {
  name: 'incoming',

  verify({ body, headers, secrets, nowMs }) {
    if (env().INCOMING_TIMESTAMP === 'required' && headers.get('x-webhook-timestamp') === null)
      return undefined;
    const secretIndex = verifyIncoming(body, headers, secrets, nowMs);
    return secretIndex === undefined ? undefined : { json: body.toString('utf8'), secretIndex };
  },

  parse: parseExactJson,

  identify(event, json) {
    const parsed = IncomingEvent.safeParse(event);
    if (!parsed.success) return undefined;
    const { id, type, occurredAt } = parsed.data;
    return {
      dedupeKey: id === undefined ? `sha256:${createHash('sha256').update(json).digest('hex')}` : `id:${id}`,
      type,
      occurredAt: occurredAt === undefined ? null : Date.parse(occurredAt),
      owners: [],
    };
  },

  translate,
};
