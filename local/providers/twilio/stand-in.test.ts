import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTwilioStandIn, type TwilioStandIn } from './stand-in.ts';

const accountSid = `AC${'0123456789abcdef'.repeat(2)}`;
const access = `Basic ${btoa(`${accountSid}:token-of-the-test`)}`;
let twilio: TwilioStandIn;
beforeAll(async () => {
  twilio = await startTwilioStandIn({ accountSid, authToken: 'token-of-the-test' });
});
afterAll(() => twilio.close());

const base = `/2010-04-01/Accounts/${accountSid}/Messages`;
const message = { To: '+14155550101', From: '+14155550199', Body: 'Hello' };

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(twilio.url + path, {
    ...init,
    headers: { authorization: access, ...init.headers },
  });
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered is compared
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
}
const send = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  ask(`${base}.json`, { method: 'POST', headers, body: new URLSearchParams(form) });

describe('the stand-in for Twilio', () => {
  test('takes a message, queued at first, and shows it', async () => {
    const { status, body } = await send(message);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ account_sid: accountSid, body: 'Hello', to: message.To, from: message.From, status: 'queued' },
      ...{ direction: 'outbound-api', num_segments: '1', date_sent: null, price: null, error_code: null },
      ...{ date_created: expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000$/) },
    });
    expect(body.sid).toMatch(/^SM[\da-f]{32}$/);
    expect((await ask(`${base}/${body.sid}.json`)).body).toMatchObject({
      sid: body.sid,
      status: 'delivered',
    });
    expect(await ask(`${base}/SM0.json`)).toMatchObject({
      status: 404,
      body: { code: 20404, status: 404, more_info: expect.stringContaining('/20404') },
    });
  });

  test.each([
    [{ ...message, To: '+15005550001' }, 400, 21211],
    [{ ...message, To: '+15005550004' }, 400, 21610],
    [{ ...message, From: '+15005550001' }, 400, 21212],
    [{ ...message, From: '+15005550008' }, 429, 21611],
    [{ ...message, To: '555' }, 400, 21211],
    [{ ...message, To: '' }, 400, 21604],
    [{ ...message, Body: '' }, 400, 21602],
    [{ ...message, Body: 'x'.repeat(1601) }, 400, 21617],
  ])('refuses %j with %i and code %i', async (form, status, code) => {
    const before = twilio.messages.length;
    expect(await send(form)).toMatchObject({ status, body: { code, status } });
    expect(twilio.messages.length).toBe(before);
  });

  test('reads forms alone, and lets nobody in without the token', async () => {
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const answered = await ask(`${base}.json`, { ...json, body: JSON.stringify(message) });
    expect(answered).toMatchObject({ status: 400, body: { code: 21604 } });
    for (const authorization of ['', 'Basic x', `Basic ${btoa(`${accountSid}:wrong`)}`]) {
      expect(await send(message, { authorization })).toMatchObject({ status: 401, body: { code: 20003 } });
    }
  });

  test('counts the parts of a message', async () => {
    const partsOf = async (Body: string) => (await send({ ...message, Body })).body.num_segments;
    expect(await partsOf('a'.repeat(160))).toBe('1');
    expect(await partsOf('a'.repeat(161))).toBe('2');
    expect(await partsOf('ê'.repeat(70))).toBe('1');
    expect(await partsOf('ê'.repeat(71))).toBe('2');
  });

  test('pages through what fits, newest first, repeating none', async () => {
    const To = '+14155550777';
    for (let i = 0; i < 7; i++) await send({ ...message, To, Body: `Number ${i}` });
    const bodies: string[] = [];
    let next: string | null = `${base}.json?To=${encodeURIComponent(To)}&PageSize=3`;
    let pages = 0;
    while (next) {
      const { body }: { body: { messages: { body: string }[]; next_page_uri: string | null } } =
        await ask(next);
      bodies.push(...body.messages.map((one) => one.body));
      if (pages === 0) await send({ ...message, To, Body: 'Came in between' });
      next = body.next_page_uri;
      pages++;
    }
    expect(pages).toBe(3);
    expect(bodies).toEqual([6, 5, 4, 3, 2, 1, 0].map((i) => `Number ${i}`));
    expect((await ask(`${base}.json?PageSize=0`)).status).toBe(400);
  });

  test('finds messages by the day on which they were sent, which one that waits has not', async () => {
    const To = '+14155550888';
    const today = new Date().toISOString().slice(0, 10);
    const count = async (filter: string) =>
      (await ask(`${base}.json?To=${encodeURIComponent(To)}${filter}`)).body.messages.length;
    await send({ ...message, To });
    twilio.hold(true);
    await send({ ...message, To });
    twilio.hold(false);
    expect(await count('')).toBe(2);
    expect(await count(`&DateSent>=${today}`)).toBe(1);
    expect(await count(`&DateSent=${today}`)).toBe(1);
    expect(await count('&DateSent<=2020-01-01')).toBe(0);
    expect(await count('&From=%2B10000000000')).toBe(0);
  });

  test('fails as it is told, before or after it took the message', async () => {
    const before = twilio.messages.length;
    twilio.faults.failNext(2, 500);
    expect([(await send(message)).status, (await send(message)).status]).toEqual([500, 500]);
    expect(twilio.messages.length).toBe(before);
    const next = [{ status: 503, isAfter: true }, 'lose-answer', 'reset'];
    await ask('/_standin/faults', { method: 'POST', body: JSON.stringify({ next }) });
    expect(await send(message)).toMatchObject({ status: 503, body: { code: 20500, status: 503 } });
    await expect(send(message)).rejects.toThrow();
    expect(twilio.messages.length).toBe(before + 2);
    await expect(send(message)).rejects.toThrow();
    expect((await ask('/_standin/messages')).body.messages).toHaveLength(before + 2);
    expect((await ask('/_standin/faults', { method: 'POST', body: '{"next":["explode"]}' })).status).toBe(
      400,
    );
  });
});
