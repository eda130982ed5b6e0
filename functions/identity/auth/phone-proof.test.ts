import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forgetRefusals } from '#core/callers/limits.ts';
import { makeContext } from '#core/context.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestPerson } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { startTwilioStandIn, type TwilioStandIn } from '#local/providers/twilio/stand-in.ts';
import { kinds } from '#platform/jobs/shared/kinds.ts';
import { runJobs } from '#platform/jobs/shared/run-jobs.ts';
import * as updateUser from '../users/update-user.ts';
import * as getProfile from './get-profile.ts';
import * as sendPhoneCode from './send-phone-code.ts';
import { anAccount } from './testing/account.ts';
import * as updateProfile from './update-profile.ts';
import * as verifyPhone from './verify-phone.ts';

const accountSid = `AC${'0123456789abcdef'.repeat(2)}`;
let twilio: TwilioStandIn;
beforeAll(async () => {
  twilio = await startTwilioStandIn({ accountSid, authToken: 'token-of-the-deployment' });
});
afterAll(() => twilio.close());
beforeEach(() => {
  setSettings({
    ...{ SMS_ENABLED: 'true', TWILIO_API_URL: twilio.url, TWILIO_ACCOUNT_SID: accountSid },
    ...{ TWILIO_AUTH_TOKEN: 'token-of-the-deployment', TWILIO_PHONE_NUMBER: '+14155550199' },
  });
});
afterEach(() => {
  setSettings({
    ...{ SMS_ENABLED: undefined, TWILIO_API_URL: undefined, TWILIO_ACCOUNT_SID: undefined },
    ...{ TWILIO_AUTH_TOKEN: undefined, TWILIO_PHONE_NUMBER: undefined, RATE_LIMIT_SMS_CODE: 'off' },
  });
  forgetRefusals();
});

const aNumber = () => `+1415${randomInt(2_000_000, 9_999_999)}`;

/** Does the jobs that send codes to a person. @returns the texts that came to the number, oldest first. */
async function textsTo(person: { id: string }, phone: string): Promise<string[]> {
  const jobs = await adminSql()<{ id: string }[]>`
    select id from jobs where user_id = ${person.id} and kind = 'phone-code' and status = 'waiting' order by id`;
  const ctx = makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });
  await runJobs(
    ctx,
    jobs.map(({ id }) => id),
    kinds,
    Number.POSITIVE_INFINITY,
  );
  return twilio.messages.filter(({ to }) => to === phone).map(({ body }) => body ?? '');
}
const codeIn = (text: string | undefined) => /^\d{6}/.exec(text ?? '')?.[0] ?? '';
const otherThan = (code: string, by = 1) => String((Number(code) + by) % 1_000_000).padStart(6, '0');

/** A person with a number, who is sent a code. */
async function whoAsks(phone = aNumber()) {
  const company = await aCompany();
  const person = await company.as('agent');
  await person.request(updateProfile, { phone });
  const asked = await person.request(sendPhoneCode);
  expect(asked.status).toBe(200);
  return { company, person, phone, code: codeIn((await textsTo(person, phone)).at(-1)) };
}
const verify = async (person: TestPerson, code: string) =>
  (await person.request(verifyPhone, { code })).status;
const isProved = async (person: TestPerson) =>
  (await person.request(getProfile)).body.data.phoneVerifiedAt !== null;

describe('a telephone number', () => {
  test('is proved by the code that is sent to it, once, and the log tells of both', async () => {
    const { company, person, phone, code } = await whoAsks();
    expect(code).toHaveLength(6);
    expect(await isProved(person)).toBe(false);
    const answers = await Promise.all(Array.from({ length: 10 }, () => verify(person, code)));
    expect(answers.filter((status) => status === 200)).toHaveLength(1);
    expect(await isProved(person)).toBe(true);
    const [send] = await adminSql()`select status, type, recipient, provider_message_id is not null as has_id
      from notification_sends where company_id = ${company.id}`;
    expect(send).toEqual({
      ...{ status: 'sent', type: 'security.phone-code', has_id: true },
      recipient: `${phone.slice(0, 3)}…${phone.slice(-2)}`,
    });
    const [entry] = await adminSql()`select after from audit_logs
      where company_id = ${company.id} and action = 'phone.verified'`;
    expect(entry).toEqual({ after: { phone } });
    const [stored] = await adminSql()`select code_hash from phone_codes where user_id = ${person.id}`;
    expect(stored?.code_hash).toHaveLength(32);
    expect((await person.request(sendPhoneCode)).body.message).toContain('proved already');
  });

  test('is told in the person’s language, with no word of anybody else in it', async () => {
    const company = await aCompany('Your bank: call +18765550101');
    const person = await company.as('agent');
    const phone = aNumber();
    await person.request(updateProfile, { phone, language: 'de', name: 'https://evil.example' });
    await person.request(sendPhoneCode);
    const [text] = await textsTo(person, phone);
    expect(text).toMatch(
      /^\d{6} ist Ihr Code für Trunkline. Er gilt 10 Minuten. Geben Sie ihn an niemanden weiter.$/,
    );
  });

  test('is proved no more once it is another one, whoever changed it', async () => {
    const { company, person, code, phone } = await whoAsks();
    await verify(person, code);
    await person.request(updateProfile, { phone, name: 'The same number' });
    expect(await isProved(person)).toBe(true);
    await person.request(updateProfile, { phone: aNumber() });
    expect(await isProved(person)).toBe(false);
    await person.request(updateProfile, { phone });
    expect(await isProved(person)).toBe(false);
    await person.request(sendPhoneCode);
    await verify(person, codeIn((await textsTo(person, phone)).at(-1)));
    expect(await isProved(person)).toBe(true);
    await (await company.as('admin')).request(updateUser, { id: person.id, phone: aNumber() });
    expect(await isProved(person)).toBe(false);
  });

  test('is not proved by a code for the number before', async () => {
    const { person, code } = await whoAsks();
    await person.request(updateProfile, { phone: aNumber() });
    expect(await verify(person, code)).toBe(400);
    expect(await isProved(person)).toBe(false);
  });

  test('is not proved by the code of somebody else', async () => {
    const [ada, eve] = [await whoAsks(), await whoAsks()];
    if (ada.code !== eve.code) expect(await verify(eve.person, ada.code)).toBe(400);
    expect(await isProved(eve.person)).toBe(false);
  });
});

describe('a code', () => {
  test('has five tries, also of fifty at once', async () => {
    const { person, code } = await whoAsks();
    await Promise.all(Array.from({ length: 50 }, (_, i) => verify(person, otherThan(code, i + 1))));
    const [row] = await adminSql()`select tries from phone_codes where user_id = ${person.id}`;
    expect(row?.tries).toBe(5);
    expect(await verify(person, code)).toBe(400);
  });

  test('counts ten minutes, and no longer than the next one is asked for', async () => {
    const { person, phone, code } = await whoAsks();
    await adminSql()`update phone_codes set created_at = created_at - interval '10 minutes',
      expires_at = expires_at - interval '10 minutes' where user_id = ${person.id}`;
    expect(await verify(person, code)).toBe(400);
    await person.request(sendPhoneCode);
    const second = codeIn((await textsTo(person, phone)).at(-1));
    await person.request(sendPhoneCode);
    const third = codeIn((await textsTo(person, phone)).at(-1));
    if (second !== third) expect(await verify(person, second)).toBe(400);
    expect(await verify(person, third)).toBe(200);
  });

  test('is not sent any more where the number changed meanwhile', async () => {
    const company = await aCompany();
    const person = await company.as('agent');
    const [first, second] = [aNumber(), aNumber()];
    await person.request(updateProfile, { phone: first });
    await person.request(sendPhoneCode);
    await person.request(updateProfile, { phone: second });
    expect(await textsTo(person, first)).toEqual([]);
    const sends = await adminSql()`select status from notification_sends where company_id = ${company.id}`;
    expect(sends).toEqual([{ status: 'skipped' }]);
  });

  test.each(['', '12345', '1234567', 'abcdef', '１２３４５６'])('is not %j', async (code) => {
    const person = await (await aCompany()).as('agent');
    expect((await person.request(verifyPhone, { code })).body.code).toBe('VALIDATION_FAILED');
  });
});

describe('POST /api/auth/phone/send-code', () => {
  const refusalOf = async (person: TestPerson) => {
    const { status, body } = await person.request(sendPhoneCode);
    return `${status} ${body.message}`;
  };

  test('sends nothing without a number, without SMS, or to a country that is not named', async () => {
    const person = await (await aCompany()).as('agent');
    expect(await refusalOf(person)).toMatch(/^409 .*PUT \/api\/auth\/profile/);
    await person.request(updateProfile, { phone: '+18765550101' });
    expect(await refusalOf(person)).toMatch(/^409 .*SMS_COUNTRIES/);
    await person.request(updateProfile, { phone: aNumber() });
    setSettings({ SMS_ENABLED: 'false' });
    expect(await refusalOf(person)).toMatch(/^409 .*SMS_ENABLED=true.*TWILIO_PHONE_NUMBER/);
    expect(await adminSql()`select 1 from phone_codes where user_id = ${person.id}`).toHaveLength(0);
  });

  test('sends nothing for a person whose e-mail address is not proved', async () => {
    const ada = await anAccount();
    await request(updateProfile, { phone: aNumber() }, ada.headers);
    expect((await request(sendPhoneCode, {}, ada.headers)).body.code).toBe('EMAIL_NOT_VERIFIED');
  });

  test('is limited for a person, whatever their number', async () => {
    setSettings({ RATE_LIMIT_SMS_CODE: '3/1h' });
    const person = await (await aCompany()).as('agent');
    const statuses = [];
    for (let i = 0; i < 4; i++) {
      await person.request(updateProfile, { phone: aNumber() });
      statuses.push((await person.request(sendPhoneCode)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  test('is limited for a number, whoever asks', async () => {
    setSettings({ RATE_LIMIT_SMS_CODE: '3/1h' });
    const phone = aNumber();
    const statuses = [];
    for (let i = 0; i < 4; i++) {
      const person = await (await aCompany()).as('agent');
      await person.request(updateProfile, { phone });
      statuses.push((await person.request(sendPhoneCode)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  test('is limited for an address on the network, whoever asks for whichever number', async () => {
    setSettings({ RATE_LIMIT_SMS_CODE: '1/1h' });
    const ip = `203.0.113.${randomInt(1, 255)}`;
    const statuses = [];
    for (let i = 0; i < 5; i++) {
      const person = await (await aCompany()).as('agent');
      await person.request(updateProfile, { phone: aNumber() });
      const incoming = new Request('https://api.example.com/api/auth/phone/send-code', {
        method: 'POST',
        headers: { ...person.headers, 'content-type': 'application/json' },
        body: '{}',
      });
      statuses.push((await sendPhoneCode.serve(incoming, { ip })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
  });
});
