import { describe, expect, test } from 'vitest';
import { translate } from './translate.ts';

function ended(call: object, event = 'call_ended') {
  const [update] = translate({
    event,
    call: {
      call_id: 'call_1',
      call_status: 'ended',
      start_timestamp: 1763600000000,
      end_timestamp: 1763600060000,
      ...call,
    },
  });
  return update;
}

const outcomes = {
  completed:
    'user_hangup agent_hangup call_transfer ivr_reached inactivity max_duration_reached transfer_bridged ' +
    'transfer_cancelled manual_stopped call_take_over a_reason_of_tomorrow',
  missed: 'dial_no_answer dial_busy user_declined',
  voicemail: 'voicemail_reached',
  cancelled: 'registered_call_timeout error_user_not_joined',
  failed:
    'dial_failed invalid_destination concurrency_limit_reached no_concurrency_fallback no_valid_payment ' +
    'scam_detected marked_as_spam telephony_provider_permission_denied telephony_provider_unavailable ' +
    'sip_routing_error error_llm_websocket_open error_llm_websocket_lost_connection ' +
    'error_llm_websocket_runtime error_llm_websocket_corrupt_payload error_no_audio_received error_asr ' +
    'error_retell error_unknown error_of_tomorrow',
};
const cases = Object.entries(outcomes).flatMap(([status, reasons]) =>
  reasons.split(' ').map((reason) => [reason, status] as const),
);

describe('How a Retell call went', () => {
  test.each(cases)('%s is %s, before and after the analysis', (reason, status) => {
    const before = ended({ disconnection_reason: reason });
    const after = ended(
      { disconnection_reason: reason, call_analysis: { in_voicemail: false } },
      'call_analyzed',
    );
    expect(before?.fields.status).toBe(status);
    expect(after?.fields.status).toBe(status);
    expect(before?.fields.disconnectionReason).toBe(reason);
  });

  test.each([
    ['ended', 'completed'],
    ['registered', 'completed'], // so in Retell's own example of call_ended
    ['error', 'failed'],
    ['not_connected', 'missed'],
    [null, 'completed'],
  ])('without a reason, %s is %s', (call_status, status) => {
    expect(ended({ call_status })?.fields.status).toBe(status);
  });

  test('a machine that only the analysis noticed makes a completed call a voicemail', () => {
    const call = { disconnection_reason: 'agent_hangup', call_analysis: { in_voicemail: true } };
    expect(ended(call, 'call_analyzed')?.fields.status).toBe('voicemail');
  });

  test.each(['dial_no_answer', 'error_retell', 'registered_call_timeout', 'call_transfer'])(
    'a machine that the analysis claims after %s changes nothing',
    (disconnection_reason) => {
      const call = { disconnection_reason, call_analysis: { in_voicemail: true } };
      expect(ended(call, 'call_analyzed')?.fields.status).toBe(
        ended({ disconnection_reason })?.fields.status,
      );
    },
  );

  test('only a call that connected was answered', () => {
    const answeredAt = '2025-11-20T00:53:20.000Z';
    expect(ended({ disconnection_reason: 'user_hangup' })?.fields.answeredAt).toBe(answeredAt);
    expect(ended({ disconnection_reason: 'voicemail_reached' })?.fields.answeredAt).toBe(answeredAt);
    expect(ended({ disconnection_reason: 'error_asr', duration_ms: 900 })?.fields.answeredAt).toBe(
      answeredAt,
    );
    for (const call of [
      { disconnection_reason: 'dial_busy' },
      { disconnection_reason: 'dial_failed', duration_ms: 0 },
      { disconnection_reason: 'error_user_not_joined', duration_ms: 30_000 },
      { disconnection_reason: 'user_hangup', call_status: 'not_connected' },
    ]) {
      expect(ended(call)?.fields).not.toHaveProperty('answeredAt');
    }
  });
});
