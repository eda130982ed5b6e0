import { describe, expect, test } from 'vitest';
import { retell } from './index.ts';
import { signRetell } from './signature.ts';
import { callUpdateFromCall, translate } from './translate.ts';

const phoneCall = {
  call_id: 'call_a4441234567890777c4a4a123e6',
  call_type: 'phone_call',
  agent_id: 'agent_7f2c',
  agent_version: 4,
  agent_name: 'Front desk',
  call_status: 'ended',
  direction: 'inbound',
  from_number: '+14155550101',
  to_number: '+14155550199',
  start_timestamp: 1763600000000,
  end_timestamp: 1763600093250,
  duration_ms: 93250,
  disconnection_reason: 'user_hangup',
  transcript: 'Agent: Hello...\nUser: I want to book...\n',
  transcript_object: [
    { role: 'agent', content: 'Hello...', words: [{ word: 'Hello', start: 0.4, end: 0.8 }] },
    { role: 'user', content: 'I want to book...', words: [] },
  ],
  recording_url: 'https://example-bucket/recording.wav',
  public_log_url: 'https://example-bucket/public.log',
  metadata: { tenant_id: 't_1' },
  retell_llm_dynamic_variables: { customer_name: 'Ana' },
  collected_dynamic_variables: {},
  call_cost: {
    combined_cost: 14.35,
    total_duration_seconds: 93.25,
    total_duration_unit_price: 0.1167,
    product_costs: [
      { product: 'elevenlabs_tts', unit_price: 0.1167, cost: 10.88 },
      { product: 'gpt_4_1', unit_price: 0.0375, cost: 3.47 },
    ],
  },
  latency: { e2e: { p50: 812.5, p95: 1330, values: [1, 2, 3] } },
  call_analysis: {
    call_summary: 'Caller booked for Tuesday.',
    in_voicemail: false,
    user_sentiment: 'Positive',
    call_successful: true,
    custom_analysis_data: { appointment_date: '2026-11-24' },
  },
  telephony_identifier: { twilio_call_sid: 'CA0123' },
};
const update = (event: string, call: object = phoneCall, extra: object = {}) =>
  translate({ event, call, ...extra })[0];

describe('A Retell webhook', () => {
  test('of an analyzed call says everything that Retell knows of it', () => {
    expect(update('call_analyzed')).toEqual({
      kind: 'call',
      providerCallId: phoneCall.call_id,
      clock: { rank: 130, at: 1763600093250 },
      fields: {
        direction: 'inbound',
        status: 'completed',
        from: '+14155550101',
        to: '+14155550199',
        providerAgentId: 'agent_7f2c',
        agentName: 'Front desk',
        startedAt: '2025-11-20T00:53:20.000Z',
        answeredAt: '2025-11-20T00:53:20.000Z',
        endedAt: '2025-11-20T00:54:53.250Z',
        durationMs: 93250,
        costAmount: '14.35',
        costCurrency: 'USD',
        transcript: 'Agent: Hello...\nUser: I want to book...',
        summary: 'Caller booked for Tuesday.',
        sentiment: 'positive',
        successful: true,
        disconnectionReason: 'user_hangup',
        recordingUrl: 'https://example-bucket/recording.wav',
      },
      details: {
        callType: 'phone_call',
        agentVersion: 4,
        dynamicVariables: { customer_name: 'Ana' },
        twilioCallSid: 'CA0123',
        inVoicemail: false,
        customAnalysis: { appointment_date: '2026-11-24' },
        costBreakdown: [
          { product: 'elevenlabs_tts', cost: 10.88, unitPrice: 0.1167 },
          { product: 'gpt_4_1', cost: 3.47, unitPrice: 0.0375 },
        ],
        latencyMs: { e2e: { p50: 812.5, p95: 1330 } },
      },
      metadata: { tenant_id: 't_1' },
      timeline: { type: 'call_analyzed', data: { sentiment: 'positive', successful: true } },
      announce: [{ type: 'call.analyzed', key: '' }],
    });
  });

  test('of a web call without numbers, direction or anything optional is a call all the same', () => {
    const call = { call_id: 'call_web', call_type: 'web_call', access_token: 'x', agent_id: 'agent_1' };
    expect(update('call_started', call)).toEqual({
      kind: 'call',
      providerCallId: 'call_web',
      clock: { rank: 30, at: 0 },
      fields: { status: 'in_progress', providerAgentId: 'agent_1' },
      details: { callType: 'web_call' },
      timeline: { type: 'call_started' },
    });
  });

  test('with null in every optional field says nothing of them', () => {
    const nothing = Object.fromEntries(Object.keys(phoneCall).map((name) => [name, null]));
    expect(update('call_ended', { ...nothing, call_id: 'call_1' })).toEqual({
      kind: 'call',
      providerCallId: 'call_1',
      clock: { rank: 120, at: 0 },
      fields: { status: 'completed' },
      timeline: { type: 'call_ended' },
    });
  });

  test('with a field of another type than promised loses that field alone', () => {
    const odd = { ...phoneCall, duration_ms: 'long', call_cost: 12, transcript_object: {}, metadata: [1] };
    const fields = update('call_ended', odd)?.fields;
    expect(fields).toMatchObject({ status: 'completed', transcript: expect.stringContaining('Hello') });
    expect(fields).not.toHaveProperty('durationMs');
    expect(fields).not.toHaveProperty('costAmount');
  });

  test.each([
    [0, '0'],
    [0.0000001, '0.0000001'],
    [1234.5678, '1234.5678'],
    [10.8822749, '10.8822749'],
  ])('that costs %d cents costs exactly %s', (combined_cost, amount) => {
    expect(update('call_ended', { ...phoneCall, call_cost: { combined_cost } })?.fields).toMatchObject({
      costAmount: amount,
      costCurrency: 'USD',
    });
  });

  test('from a withheld number keeps it out of the E.164 field', () => {
    const withheld = update('call_started', { ...phoneCall, from_number: 'anonymous' });
    expect(withheld?.fields).not.toHaveProperty('from');
    expect(withheld?.details).toMatchObject({ fromAddress: 'anonymous' });
  });

  test('with a longer transcript is the later one, also where words have no times yet', () => {
    const turns = [
      { role: 'agent', content: 'Hello there', words: [{ word: 'Hello', start: 0.2, end: 0.6 }] },
      { role: 'user', content: 'Hi', words: [] },
      { role: 'tool_call_result', content: 'x'.repeat(5000) },
      { role: 'agent', content: 'Bye', words: [{ word: 'Bye', start: 2, end: 2.4 }] },
    ];
    const clocks = turns.map((_turn, i) => {
      const transcript_object = turns.slice(0, i + 1);
      return update('transcript_updated', { ...phoneCall, transcript: null, transcript_object });
    });
    expect(clocks.map((one) => one?.clock)).toEqual([
      { rank: 31, at: 1763600000600 },
      { rank: 31, at: 1763600000602 },
      { rank: 31, at: 1763600000602 },
      { rank: 31, at: 1763600002400 },
    ]);
    expect(clocks.at(-1)?.fields.transcript).toBe('Agent: Hello there\nUser: Hi\nAgent: Bye');
  });

  test('whose turns stand beside the call has their transcript', () => {
    const { transcript, transcript_object, ...call } = phoneCall;
    const beside = { transcript_with_tool_calls: transcript_object };
    expect(update('transcript_updated', call, beside)?.fields.transcript).toBe(transcript.trimEnd());
  });

  test('of a transfer names the receiver in the timeline, and announces it once it is bridged', () => {
    const to = { transfer_destination: { type: 'predefined', number: '+14155550142' } };
    const data = { destination: '+14155550142' };
    expect(update('transfer_started', phoneCall, to)).toMatchObject({ timeline: { data } });
    expect(update('transfer_started', phoneCall, to)).not.toHaveProperty('announce');
    expect(update('transfer_cancelled', phoneCall, to)).not.toHaveProperty('announce');
    const announce = [{ type: 'call.transferred', key: '' }];
    expect(update('transfer_bridged', phoneCall, to)).toMatchObject({ timeline: { data }, announce });
    expect(update('call_ended', { ...phoneCall, disconnection_reason: 'call_transfer' })).toMatchObject({
      announce,
    });
  });

  test('that is no event of a voice call is not identified, and not translated', () => {
    for (const event of [
      { event: 'chat_started', chat: { chat_id: 'chat_1' } },
      { event: 'call_inbound', call_inbound: {} },
      { event: 'call_ended' },
      { event: 'call_ended', call: { call_id: '' } },
      [],
      null,
      'call_ended',
    ]) {
      expect(retell.identify(event, JSON.stringify(event))).toBeUndefined();
      expect(() => retell.translate(event)).toThrow();
    }
  });
});

describe('A Retell webhook is identified', () => {
  const identify = (body: object) => retell.identify(body, JSON.stringify(body));

  test('as the same when it is repeated, as another when its content differs', () => {
    const first = identify({ event: 'transcript_updated', call: phoneCall });
    expect(first?.dedupeKey).toMatch(/^transcript_updated:call_a4441234567890777c4a4a123e6:[0-9a-f]{16}$/);
    expect(identify({ event: 'transcript_updated', call: { ...phoneCall } })).toEqual(first);
    const next = identify({ event: 'transcript_updated', call: { ...phoneCall, transcript: 'Agent: Hi' } });
    expect(next?.dedupeKey).not.toBe(first?.dedupeKey);
  });

  test('by its agent, then by the number on our side of the call and never by the other one', () => {
    const agent = { kind: 'agent', externalId: 'agent_7f2c' };
    expect(identify({ event: 'call_ended', call: phoneCall })).toMatchObject({
      type: 'call_ended',
      occurredAt: 1763600093250,
      owners: [agent, { kind: 'number', externalId: '+14155550199' }],
    });
    expect(identify({ event: 'call_ended', call: { ...phoneCall, direction: 'outbound' } })?.owners).toEqual([
      agent,
      { kind: 'number', externalId: '+14155550101' },
    ]);
    expect(identify({ event: 'call_ended', call: { call_id: 'call_1' } })).toMatchObject({
      occurredAt: null,
      owners: [],
    });
  });

  test('only after its signature was checked over the very bytes', () => {
    const body = Buffer.from(JSON.stringify({ event: 'call_ended', call: phoneCall }));
    const nowMs = 1763600100000;
    const headers = new Headers({ 'x-retell-signature': signRetell(body, 'key_1', nowMs) });
    expect(retell.verify({ url: '', body, headers, secrets: ['key_0', 'key_1'], nowMs })).toEqual({
      json: body.toString(),
      secretIndex: 1,
    });
    expect(
      retell.verify({ url: '', body, headers: new Headers(), secrets: ['key_1'], nowMs }),
    ).toBeUndefined();
  });
});

describe('A call from the list', () => {
  test('stands where its webhooks would have brought it', () => {
    const { call_analysis: _later, ...ended } = phoneCall;
    const rank = (call: object) => callUpdateFromCall(call).clock.rank;
    expect(rank(phoneCall)).toBe(130);
    expect(rank(ended)).toBe(120);
    expect(rank({ call_id: 'c', call_status: 'ongoing', start_timestamp: 1763600000000 })).toBe(30);
    expect(rank({ call_id: 'c', call_status: 'registered' })).toBe(10);
  });

  test('leaves the transcript alone that the list does not have', () => {
    const { transcript: _text, transcript_object: _turns, ...item } = phoneCall;
    expect(callUpdateFromCall(item).fields).not.toHaveProperty('transcript');
    expect(callUpdateFromCall({ ...item, transcript: '' }).fields).not.toHaveProperty('transcript');
  });
});
