import { describe, expect, test } from 'vitest';
import { dialpad } from './index.ts';

const t0 = 1_763_600_000_000;

describe('a message', () => {
  const sms = {
    id: 9,
    direction: 'outbound',
    created_date: t0,
    event_timestamp: t0 + 400,
    from_number: '(415) 555-0199',
    to_number: ['+14155550101'],
    sender_id: 8,
    message_status: 'pending',
    message_delivery_result: null,
    text_content: 'Hello',
  };
  test.each([
    ['pending', null, 'queued'],
    ['pending', 'accepted', 'sent'],
    ['success', 'accepted', 'delivered'],
    ['success', null, 'delivered'],
    ['failed', 'no_route', 'failed'],
    ['pending', 'rejected_spam', 'failed'],
  ])('that went out, %s with %s, is %s', (message_status, message_delivery_result, status) => {
    expect(dialpad.translate({ ...sms, message_status, message_delivery_result })).toMatchObject([
      { kind: 'message', providerMessageId: '9', fields: { status, from: '+14155550199', body: 'Hello' } },
    ]);
  });

  test('that came in has been received, and comes from E.164 numbers only', () => {
    const [update] = dialpad.translate({
      ...sms,
      direction: 'inbound',
      from_number: '88022',
      sender_id: null,
    });
    expect(update?.fields).toMatchObject({ status: 'received', to: ['+14155550101'] });
    expect(update?.fields).not.toHaveProperty('from');
    expect(update?.fields).not.toHaveProperty('providerAgentId');
  });

  test('keeps its outcome when “pending” comes late', () => {
    const rank = (fields: object) => dialpad.translate({ ...sms, ...fields })[0]?.clock.rank ?? 0;
    expect(rank({ message_status: 'success' })).toBeGreaterThan(rank({}));
    expect(rank({ message_status: 'failed' })).toBeGreaterThan(rank({ message_delivery_result: 'accepted' }));
  });
});
