import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setSettings } from '#core/testing/settings.ts';
import { IncomingEvent } from './event.ts';
import { parseExactJson } from './exact-json.ts';
import { incoming } from './index.ts';
import { signIncoming } from './signature.ts';

const nowMs = 1763600000000;
const secret = 'whsec_company';
const body = Buffer.from('{"id":"evt_1","type":"call.ended","data":{"callId":"42"}}');
const verify = (headers: Record<string, string>, secrets = [secret], bytes = body) =>
  incoming.verify({ url: '', body: bytes, headers: new Headers(headers), secrets, nowMs });
const hex = signIncoming(body, secret);

describe("A signature of a company's own system", () => {
  test.each(['x-webhook-signature', 'x-signature', 'x-hub-signature-256', 'X-Hub-Signature-256'])(
    'is taken from %s, as hex, with or without sha256=',
    (name) => {
      const verified = { json: body.toString(), secretIndex: 0 };
      expect(verify({ [name]: hex })).toEqual(verified);
      expect(verify({ [name]: `sha256=${hex}` })).toEqual(verified);
      expect(verify({ [name]: hex.toUpperCase() })).toEqual(verified);
    },
  );

  test('is the HMAC-SHA256 that everyone computes', () => {
    // RFC 4231, test case 2
    expect(signIncoming('what do ya want for nothing?', 'Jefe')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  test.each([
    ['seconds', (ms: number) => String(Math.floor(ms / 1000))],
    ['milliseconds', String],
  ])('over a timestamp in %s lasts five minutes either way', (_unit, write) => {
    const signedAt = (ms: number) => {
      const timestamp = write(ms);
      return verify({
        'x-webhook-timestamp': timestamp,
        'x-webhook-signature': `sha256=${signIncoming(body, secret, timestamp)}`,
      });
    };
    for (const offset of [0, -300_000, 300_000]) expect(signedAt(nowMs + offset)?.secretIndex).toBe(0);
    for (const offset of [-301_000, 301_000]) expect(signedAt(nowMs + offset)).toBeUndefined();
  });

  test('with a timestamp is not one without, and the other way round', () => {
    const timestamp = String(nowMs);
    const stamped = signIncoming(body, secret, timestamp);
    expect(verify({ 'x-webhook-signature': stamped })).toBeUndefined();
    expect(verify({ 'x-webhook-signature': hex, 'x-webhook-timestamp': timestamp })).toBeUndefined();
  });

  test('must be over a timestamp where INCOMING_TIMESTAMP=required', () => {
    const timestamp = String(nowMs);
    const stamped = {
      'x-webhook-signature': signIncoming(body, secret, timestamp),
      'x-webhook-timestamp': timestamp,
    };
    setSettings({ INCOMING_TIMESTAMP: 'required' });
    try {
      expect(verify({ 'x-webhook-signature': hex })).toBeUndefined();
      expect(verify(stamped)?.secretIndex).toBe(0);
    } finally {
      setSettings({ INCOMING_TIMESTAMP: undefined });
    }
    expect(verify({ 'x-webhook-signature': hex })?.secretIndex).toBe(0);
  });

  test.each(['', 'now', '-1763600000', '1763600000.0', '17636000000', '1e12', 'NaN'])(
    'with the timestamp "%s" is refused',
    (timestamp) => {
      const signature = signIncoming(body, secret, timestamp);
      expect(verify({ 'x-webhook-signature': signature, 'x-webhook-timestamp': timestamp })).toBeUndefined();
    },
  );

  test('names the secret that made it; an empty one never does', () => {
    expect(verify({ 'x-signature': hex }, ['', 'other', secret])?.secretIndex).toBe(2);
    expect(verify({ 'x-signature': signIncoming(body, '') }, [''])).toBeUndefined();
    expect(verify({ 'x-signature': hex }, [])).toBeUndefined();
  });

  test('is refused for any other body and any other header', () => {
    expect(verify({ 'x-signature': hex }, [secret], Buffer.concat([body, Buffer.from(' ')]))).toBeUndefined();
    expect(verify({})).toBeUndefined();
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]*$/), (hostile) => {
        expect(verify({ 'x-webhook-signature': hostile })).toBeUndefined();
      }),
    );
  });
});

describe("An event of a company's own system", () => {
  const identify = (event: unknown) => incoming.identify(event, JSON.stringify(event));
  const translate = (event: unknown) => incoming.translate(event)[0];

  test('is identified by its id, and without one by its bytes', () => {
    const event = { type: 'message', occurredAt: '2026-11-21T10:00:00+02:00', data: { messageId: 'm1' } };
    expect(identify({ ...event, id: 'evt_1' })).toEqual({
      dedupeKey: 'id:evt_1',
      type: 'message',
      occurredAt: Date.parse('2026-11-21T08:00:00Z'),
      owners: [],
    });
    const bare = identify(event);
    expect(bare?.dedupeKey).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(identify({ ...event })).toEqual(bare);
    expect(identify({ ...event, data: { messageId: 'm2' } })?.dedupeKey).not.toBe(bare?.dedupeKey);
  });

  test('makes a call of all that it says', () => {
    const event = {
      id: 'evt_1',
      type: 'call.ended',
      occurredAt: '2026-11-21T10:02:00Z',
      source: 'pbx-7',
      data: {
        callId: '42',
        direction: 'inbound',
        from: '+14155550101',
        to: '+14155550199',
        startedAt: '2026-11-21T12:00:00+02:00',
        endedAt: 1795255320000,
        durationMs: 120000,
        costAmount: 12.5,
        costCurrency: 'EUR',
        details: { trunk: 'a' },
        metadata: { ticket: 7 },
      },
    };
    expect(translate(event)).toEqual({
      kind: 'call',
      providerCallId: '42',
      clock: { rank: 120, at: Date.parse('2026-11-21T10:02:00Z') },
      fields: {
        direction: 'inbound',
        status: 'completed',
        from: '+14155550101',
        to: '+14155550199',
        startedAt: '2026-11-21T10:00:00.000Z',
        endedAt: '2026-11-21T10:02:00.000Z',
        durationMs: 120000,
        costAmount: '12.5',
        costCurrency: 'EUR',
      },
      details: { trunk: 'a' },
      metadata: { ticket: 7 },
      timeline: { type: 'call.ended' },
    });
  });

  test.each([
    ['call.scheduled', {}, 'scheduled', 0],
    ['call.ringing', {}, 'ringing', 20],
    ['call.started', {}, 'in_progress', 30],
    ['call.held', {}, 'on_hold', 30],
    ['call.missed', {}, 'missed', 100],
    ['call.voicemail', {}, 'voicemail', 110],
    ['call.cancelled', {}, 'cancelled', 120],
    ['call', { status: 'failed' }, 'failed', 120],
    ['call', { endedAt: '2026-11-21T10:00:00Z' }, 'completed', 120],
    ['call.ended', { status: 'missed' }, 'missed', 100],
    ['call.transcribed', { transcript: 'Hi' }, undefined, 130],
    ['call.constructor', {}, undefined, 130],
  ])('%s with %o is %s', (type, data, status, rank) => {
    const update = translate({ type, data: { callId: '1', ...data } });
    expect(update).toMatchObject({ kind: 'call', clock: { rank } });
    expect(update?.fields).toEqual({
      ...('transcript' in data && data),
      ...(status && { status }),
      ...endOf(data),
    });
  });
  const endOf = (data: object) => 'endedAt' in data && { endedAt: '2026-11-21T10:00:00.000Z' };

  test('announces analyses, and transfers by their ids', () => {
    expect(translate({ type: 'call.analyzed', data: { callId: '1', summary: 'S' } })).toMatchObject({
      announce: [{ type: 'call.analyzed', key: '' }],
    });
    expect(translate({ id: 'evt_9', type: 'call.transferred', data: { callId: '1' } })).toMatchObject({
      announce: [{ type: 'call.transferred', key: 'evt_9' }],
    });
    expect(translate({ type: 'call.transferred', data: { callId: '1', transferId: 't1' } })).toMatchObject({
      announce: [{ type: 'call.transferred', key: 't1' }],
    });
  });

  test('makes messages and voicemails', () => {
    const sentAt = '2026-11-21T10:00:00Z';
    expect(
      translate({
        type: 'message',
        data: { messageId: 'm', status: 'sent', to: '+14155550101', body: 'Hi', sentAt },
      }),
    ).toEqual({
      kind: 'message',
      providerMessageId: 'm',
      clock: { rank: 20, at: Date.parse(sentAt) },
      fields: { status: 'sent', to: ['+14155550101'], body: 'Hi', sentAt: '2026-11-21T10:00:00.000Z' },
    });
    expect(
      translate({ type: 'voicemail', data: { voicemailId: 'v', callId: '1', durationMs: 9000 } }),
    ).toEqual({
      kind: 'voicemail',
      providerVoicemailId: 'v',
      providerCallId: '1',
      clock: { rank: 110, at: 0 },
      fields: { durationMs: 9000 },
    });
  });

  test.each([
    ['no type', { data: { callId: '1' } }],
    ['a type of its own', { type: 'order.created', data: { callId: '1' } }],
    ['no id of the call', { type: 'call', data: {} }],
    ['a misspelt field', { type: 'call', data: { callId: '1', summry: 'S' } }],
    ['a number that is not E.164', { type: 'call', data: { callId: '1', from: '555-0101' } }],
    ['a time without a zone', { type: 'call', data: { callId: '1', startedAt: '2026-11-21T10:00:00' } }],
    ['a cost without a currency', { type: 'call', data: { callId: '1', costAmount: '12' } }],
    ['a message called a call', { type: 'call', data: { messageId: '1' } }],
    [
      'a recording that is no web address',
      { type: 'call', data: { callId: '1', recordingUrl: 'file:///etc/passwd' } },
    ],
    ['no object', ['call']],
  ])('with %s is stored as unrecognised', (_what, event) => {
    expect(identify(event)).toBeUndefined();
    expect(() => incoming.translate(event)).toThrow();
  });

  test('keeps the digits of an id that is too long for a number', () => {
    const json =
      '{"type":"call","data":{"callId":"1","durationMs":9000,"metadata":{"id":9007199254740993,"rate":0.1234567890123456}}}';
    expect(translate(parseExactJson(json))).toMatchObject({
      fields: { durationMs: 9000 },
      metadata: { id: '9007199254740993', rate: 0.1234567890123456 },
    });
    expect(() => parseExactJson('{"type":')).toThrow(SyntaxError);
  });

  test('can be documented as JSON schema', async () => {
    const z = await import('zod');
    expect(z.toJSONSchema(IncomingEvent, { io: 'input', unrepresentable: 'any' })).toHaveProperty('anyOf');
  });

  test('never makes identify throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (event) => {
        expect(() => identify(event)).not.toThrow();
      }),
    );
  });
});
