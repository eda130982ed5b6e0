import type { MessageUpdate } from '#telephony/model/updates.ts';
import { isoOf } from './conversation.ts';
import type { SmsEvent } from './event.ts';
import { known } from './known.ts';
import { toE164 } from './phone-number.ts';

type MessageStatus = NonNullable<MessageUpdate['fields']['status']>;

/** How far a message is. The two outcomes are of one rank: the later word wins. */
const rankOfStatus: Record<MessageStatus, number> = {
  queued: 10,
  sent: 20,
  delivered: 100,
  failed: 100,
  received: 100,
};

/** What an SMS or MMS event says of its message. */
export function translateSms(event: SmsEvent): MessageUpdate[] {
  const status = statusOf(event);
  const to = (event.to_number ?? []).map(toE164).filter((number) => number !== undefined);
  const person = event.sender_id ?? (event.target?.type === 'user' ? event.target.id : undefined);
  return [
    {
      kind: 'message',
      providerMessageId: event.id,
      clock: {
        rank: status ? rankOfStatus[status] : 0,
        at: event.event_timestamp ?? event.created_date ?? 0,
      },
      fields: known({
        direction: directionOf(event),
        status,
        from: toE164(event.from_number),
        to: to.length > 0 ? to : undefined,
        body: event.text ?? event.text_content,
        mediaUrls: event.mms_url,
        errorCode: status === 'failed' ? event.message_delivery_result : undefined,
        providerAgentId: person,
        sentAt: isoOf(event.created_date ?? event.event_timestamp),
      }),
    },
  ];
}

function directionOf(event: SmsEvent): 'inbound' | 'outbound' | undefined {
  return event.direction === 'inbound' || event.direction === 'outbound' ? event.direction : undefined;
}

/**
 * Dialpad's `message_status` (pending, success, failed) and `message_delivery_result`. What came in has been received,
 * with any status; what went out is sent once the carrier has accepted it, and failed as soon as any result but
 * acceptance is known.
 */
function statusOf(event: SmsEvent): MessageStatus | undefined {
  if (event.direction === 'inbound') return 'received';
  const result = event.message_delivery_result;
  if (event.message_status === 'failed' || (result !== undefined && result !== 'accepted')) return 'failed';
  if (event.message_status === 'success') return 'delivered';
  if (result === 'accepted') return 'sent';
  return event.message_status === 'pending' ? 'queued' : undefined;
}
