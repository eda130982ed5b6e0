import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProviderError } from '#core/clients/http-client.ts';
import { startTwilioStandIn, type TwilioStandIn } from '#local/providers/twilio/stand-in.ts';
import { twilioClient } from './client.ts';

const account = { accountSid: `AC${'0123456789abcdef'.repeat(2)}`, authToken: 'token-of-the-account' };
const [from, to] = ['+14155550199', '+14155550101'];
let twilio: TwilioStandIn;
beforeAll(async () => {
  twilio = await startTwilioStandIn({ ...account, isTrial: true, largestPage: 2 });
});
afterAll(() => twilio.close());

const client = (authToken = account.authToken) =>
  twilioClient({ ...account, authToken, baseUrl: twilio.url }, { sleep: async () => {} });

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => expect.fail('it did not fail'),
    (failure: unknown) => failure,
  );
  return error instanceof ProviderError ? error : expect.fail(String(error));
}

describe('the client of a Twilio account', () => {
  test('sends a message, and finds it again on its page, as it was asked for', async () => {
    const sids: string[] = [];
    for (let i = 0; i < 5; i++) sids.push(await client().sendMessage({ from, to, text: `Number ${i}` }));
    await client().sendMessage({ from, to: '+14155550102', text: 'To another' });
    const before = twilio.requests.length;
    const found = await client().listMessages({ from, to });
    expect(found.map(({ sid, text }) => [sid, text])).toEqual(
      sids.map((sid, i) => [sid, `Number ${i}`]).reverse(),
    );
    expect(twilio.requests.length - before).toBe(3);
    expect(twilio.messages[0]?.body).toMatch(/^Sent from your Twilio trial account/);
    const [{ createdAtMs = 0 } = {}] = found;
    expect(Math.abs(Date.now() - createdAtMs)).toBeLessThan(600_000);
  });

  test('repeats neither a message nor a page but for a 429', async () => {
    for (const ask of [
      () => client().sendMessage({ from, to: '+14155550103', text: 'Once' }),
      () => client().listMessages({ from, to }),
    ]) {
      const before = twilio.requests.length;
      twilio.faults.failNext(1, 500);
      expect((await failureOf(ask())).status).toBe(500);
      expect(twilio.requests.length - before).toBe(1);
    }
    twilio.faults.failNext(1, 429);
    expect(await client().sendMessage({ from, to: '+14155550103', text: 'Once' })).toMatch(/^SM/);
    expect(twilio.messages.filter((message) => message.to === '+14155550103')).toHaveLength(1);
  });

  test('says what Twilio complains of, with its code, and else the status', async () => {
    const refused = await failureOf(client().sendMessage({ from, to: '+15005550004', text: 'Hello' }));
    expect(client().complaintOf(refused)).toBe('21610: Attempt to send to unsubscribed recipient');
    const wrongToken = await failureOf(client('wrong').listMessages({ from, to }));
    expect([wrongToken.status, client().complaintOf(wrongToken)]).toEqual([401, '20003: Authenticate']);
    expect(client().complaintOf(new ProviderError('twilio', 502, '<html>'))).toBe('status 502');
  });
});
