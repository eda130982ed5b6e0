import { createHash } from 'node:crypto';
import type { EventIdentity, Provider } from '#providers/provider.ts';
import { momentOf, ownersOf } from './conversation.ts';
import { type CallIdentity, parseDialpadJson, readDialpadIdentity, type SmsEvent } from './event.ts';
import { hintsOf, verifySignedBody } from './signature.ts';
import { meaningOf } from './states.ts';
import { translate } from './translate.ts';

/** Dialpad: calls, SMS and voicemails, by webhooks that are signed as a compact JWS. */
export const dialpad: Provider = {
  name: 'dialpad',
  verify: ({ body, secrets }) => verifySignedBody(body, secrets),
  hintsOf,
  parse: parseDialpadJson,
  identify(event, json) {
    const read = readDialpadIdentity(event);
    if (!read) return undefined;
    return read.kind === 'call' ? identityOfCall(read.event, json) : identityOfSms(read.event, json);
  },
  translate,
};

/**
 * Dialpad gives events no id. A leg can be in one state once at one millisecond, so that these three tell its steps
 * apart; but two facts (two recordings, two dispositions) can be told at the same one, as can anything without a
 * timestamp: there the content counts as well. A repeat is the same bytes, so it keeps its key.
 */
function identityOfCall(event: CallIdentity, json: string): EventIdentity {
  const { kind } = meaningOf(event.state);
  const repeats = kind === 'fact' || kind === 'aside' || event.event_timestamp === undefined;
  const moment = momentOf(event);
  return {
    dedupeKey: [
      `call:${event.call_id}:${event.state}:${event.event_timestamp ?? ''}`,
      ...(repeats ? [shortHash(json)] : []),
    ].join(':'),
    type: `call.${event.state}`,
    occurredAt: moment > 0 ? moment : null,
    owners: ownersOf(event),
  };
}

function identityOfSms(event: SmsEvent, json: string): EventIdentity {
  const status = `${event.message_status ?? ''}:${event.message_delivery_result ?? ''}`;
  const key = `sms:${event.id}:${status}:${event.event_timestamp ?? ''}`;
  return {
    dedupeKey: event.event_timestamp === undefined ? `${key}:${shortHash(json)}` : key,
    type: 'sms',
    occurredAt: event.event_timestamp ?? event.created_date ?? null,
    owners: ownersOf(event),
  };
}

function shortHash(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, 16);
}

export { dialpadHistory } from './history.ts';
