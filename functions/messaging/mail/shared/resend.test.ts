import { randomUUID } from 'node:crypto';
import { Resend } from 'resend';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startResendStandIn } from '#local/providers/resend/stand-in.ts';
import { resendChannel } from './resend.ts';

/** The package `resend` against our stand-in, and beside our own channel: what we believe of Resend, its client believes too. */
const apiKey = 're_contract';
const from = 'Acme <no-reply@acme.example>';
const message = { to: 'ana@example.com', subject: 'Hello', text: 'Hello Ana', html: '<p>Hello Ana</p>' };
const mail = { ...message, from, headers: { 'Auto-Submitted': 'auto-generated' } };

let server: Awaited<ReturnType<typeof startResendStandIn>>;
let client: Resend;
beforeAll(async () => {
  server = await startResendStandIn({ apiKey });
  client = new Resend(apiKey, { baseUrl: server.url });
});
afterAll(() => server.close());

describe('the client of Resend', () => {
  test('sends a mail, and reads it again', async () => {
    const { data, error } = await client.emails.send(mail);
    expect(error).toBeNull();
    const shown = await client.emails.get(data?.id ?? '');
    expect(shown.data).toMatchObject({ object: 'email', id: data?.id, from, subject: 'Hello' });
    expect(shown.data?.to).toEqual(['ana@example.com']);
    expect((await client.emails.get(randomUUID())).error).toMatchObject({
      ...{ statusCode: 404, name: 'not_found' },
    });
  });

  test('is given the same mail for a repeated key, and an error for another mail under it', async () => {
    const idempotencyKey = randomUUID();
    const before = server.emails.length;
    const first = await client.emails.send(mail, { idempotencyKey });
    expect((await client.emails.send(mail, { idempotencyKey })).data).toEqual(first.data);
    expect(server.emails.length).toBe(before + 1);
    const other = await client.emails.send({ ...mail, subject: 'Other' }, { idempotencyKey });
    expect(other.error).toMatchObject({ statusCode: 409, name: 'invalid_idempotent_request' });
    const long = await client.emails.send(mail, { idempotencyKey: 'x'.repeat(257) });
    expect(long.error).toMatchObject({ statusCode: 400, name: 'invalid_idempotency_key' });
  });

  test.each([
    ['an address that is none', { to: 'nobody' }, 'validation_error'],
    ['51 readers', { to: Array<string>(51).fill('ana@example.com') }, 'validation_error'],
    ['no subject', { subject: undefined as unknown as string }, 'missing_required_field'],
  ])('reads the error for %s', async (_title, change, name) => {
    const { data, error } = await client.emails.send({ ...mail, ...change });
    expect(data).toBeNull();
    expect(error).toMatchObject({ statusCode: 422, name, message: expect.any(String) });
  });

  test('reads that it asked too often, and when to ask again', async () => {
    const paced = await startResendStandIn({ apiKey, requestsPerSecond: 1, now: () => 1000 });
    onTestFinished(() => paced.close());
    const hurried = new Resend(apiKey, { baseUrl: paced.url });
    expect((await hurried.emails.send(mail)).error).toBeNull();
    const { error, headers } = await hurried.emails.send(mail);
    expect(error).toMatchObject({ statusCode: 429, name: 'rate_limit_exceeded' });
    expect(headers).toMatchObject({ 'retry-after': '1', 'ratelimit-limit': '1', 'ratelimit-remaining': '0' });
  });

  test('reads that its key is wrong, or missing', async () => {
    const wrong = new Resend('re_wrong', { baseUrl: server.url });
    expect((await wrong.emails.send(mail)).error).toMatchObject({ statusCode: 403, name: 'invalid_api_key' });
    const none = await client.emails.send(mail, { headers: { authorization: '' } });
    expect(none.error).toMatchObject({ statusCode: 401, name: 'missing_api_key' });
  });

  test('cannot tell a mail that was never sent from one that perhaps was, which our own channel can', async () => {
    const lost = await startResendStandIn({ apiKey });
    lost.fail('lose-answer');
    const perhaps = await new Resend(apiKey, { baseUrl: lost.url }).emails.send(mail);
    expect(lost.emails).toHaveLength(1);
    await lost.close();
    const never = await new Resend(apiKey, { baseUrl: lost.url }).emails.send(mail);
    expect(perhaps.error).toMatchObject({ name: 'application_error', statusCode: null });
    expect(never).toEqual(perhaps);
  });
});

test('our own channel sends the request that the client of Resend sends', async () => {
  const id = randomUUID();
  const sent = await resendChannel({ baseUrl: server.url, apiKey, from }).send(id, message);
  const own = server.requests.at(-1);
  await client.emails.send({ ...mail, to: [mail.to] }, { idempotencyKey: id.toUpperCase() });
  const theirs = server.requests.at(-1);
  expect(JSON.parse(own?.body ?? '')).toEqual(JSON.parse(theirs?.body ?? ''));
  for (const name of ['authorization', 'content-type']) {
    expect([name, own?.headers[name]]).toEqual([name, theirs?.headers[name]]);
  }
  expect(own?.headers['idempotency-key']).toBe(id);
  expect(theirs?.headers['idempotency-key']).toBe(id.toUpperCase());
  expect(own?.headers['user-agent']).toBe('Trunkline');
  expect(theirs?.headers['user-agent']).toMatch(/^resend-node:/);
  expect((await client.emails.get(sent)).data?.subject).toBe('Hello');
});
