import { type Organization, organization } from './organization.ts';
import { seededRandom } from './random.ts';

export type SmsEventPayload = Record<string, unknown> & {
  id: number;
  direction: 'inbound' | 'outbound';
  from_number: string;
  to_number: string[];
  message_status: 'pending' | 'success' | 'failed';
  message_delivery_result: string | null;
  event_timestamp: number;
};

export interface SmsOptions {
  organization?: Organization;
  /** E.164. */
  customerPhone?: string;
  text?: string;
  /** Of an outbound message. */
  outcome?: 'delivered' | 'failed';
}

/**
 * All events of one message: an inbound one has a single event, an outbound one its delivery status too.
 * @param startMs Epoch milliseconds.
 */
export function smsLifecycle(
  direction: 'inbound' | 'outbound',
  seed: number,
  startMs: number,
  options: SmsOptions = {},
): SmsEventPayload[] {
  const of = options.organization ?? organization();
  const random = seededRandom(seed);
  const customer =
    options.customerPhone ?? `+1628555${String(Math.floor(random() * 10_000)).padStart(4, '0')}`;
  const [user] = of.users;
  const inbound = direction === 'inbound';
  const text = options.text ?? (inbound ? 'Hi, can you call me back?' : 'Your order is on its way.');
  const id = 4_400_000_000_000_000 + (seed >>> 0) * 10 + (inbound ? 0 : 5);
  const told = (at: number, status: SmsEventPayload['message_status'], result: string | null) => ({
    id,
    direction,
    created_date: startMs,
    event_timestamp: at,
    from_number: inbound ? customer : of.mainLine.phone,
    to_number: [inbound ? of.mainLine.phone : customer],
    contact: { id: id + 1, name: `Caller ${customer.slice(-4)}`, phone_number: customer },
    target: {
      id: of.officeId,
      name: of.mainLine.name,
      phone_number: displayFormat(of.mainLine.phone),
      type: 'office',
      office_id: of.officeId,
    },
    admins: [{ id: user.id, name: user.name, phone_number: displayFormat(user.phone) }],
    sender_id: inbound ? null : user.id,
    is_internal: false,
    mms: false,
    mms_url: null,
    message_status: status,
    message_delivery_result: result,
    text,
    text_content: text,
  });
  const first = told(startMs + 418, 'pending', null);
  if (inbound) return [first];
  const failed = options.outcome === 'failed';
  return [
    first,
    told(startMs + 900, 'pending', 'accepted'),
    told(startMs + 2_000, failed ? 'failed' : 'success', failed ? 'invalid_destination' : 'accepted'),
  ];
}

/** +15105550199 → (510) 555-0199, which Dialpad writes in some fields of SMS events. */
function displayFormat(phone: string): string {
  return phone.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '($1) $2-$3');
}
