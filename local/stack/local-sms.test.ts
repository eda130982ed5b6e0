import { randomInt, randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { request } from '#core/testing/company.ts';
import { eventually } from '#core/testing/eventually.ts';
import * as showMailbox from '../../functions/messaging/mail/show-mailbox.ts';
import { startTwilioStandIn } from '../providers/twilio/stand-in.ts';
import { keepSms } from './local-sms.ts';

test('an SMS that the local Twilio takes is shown in the local mailbox, as text', async () => {
  const account = { accountSid: `AC${'0'.repeat(31)}9`, authToken: randomUUID() };
  const twilio = await startTwilioStandIn({ ...account, onMessage: (sms) => void keepSms(sms) });
  onTestFinished(() => twilio.close());
  const to = `+1415${randomInt(1_000_000, 9_999_999)}`;
  const sent = await fetch(`${twilio.url}/2010-04-01/Accounts/${account.accountSid}/Messages.json`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${account.accountSid}:${account.authToken}`).toString('base64')}`,
    },
    body: new URLSearchParams({ To: to, From: '+15005550006', Body: 'Your code is 123456 <b>' }),
  });
  expect(sent.status).toBe(201);
  const kept = await eventually(async () => {
    const { body } = await request(showMailbox, { to }, { accept: 'application/json' });
    expect(body).toHaveLength(1);
    return body[0];
  });
  expect(kept).toMatchObject({ to, subject: 'SMS from +15005550006', text: 'Your code is 123456 <b>' });
  expect(kept.html).not.toContain('<b>');
});
