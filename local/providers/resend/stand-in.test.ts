import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ResendStandIn, startResendStandIn } from './stand-in.ts';

let resend: ResendStandIn;
beforeAll(async () => {
  resend = await startResendStandIn({ apiKey: 're_test' });
});
afterAll(() => resend.close());

const mail = { from: 'Acme <no-reply@acme.example>', to: 'ana@example.com', subject: 'Hello', text: 'Hello' };

async function post(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${resend.url}/emails`, {
    method: 'POST',
    headers: { authorization: 'Bearer re_test', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the stand-in for Resend', () => {
  test('takes a mail and shows it', async () => {
    const { status, body } = await post(mail);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['id']);
    const shown = await fetch(`${resend.url}/emails/${body.id}`, {
      headers: { authorization: 'Bearer re_test' },
    });
    expect(await shown.json()).toMatchObject({
      object: 'email',
      id: body.id,
      to: ['ana@example.com'],
      from: mail.from,
    });
  });

  test('answers a repeated key with the same mail, and 409 for another body under it', async () => {
    const key = { 'idempotency-key': 'one' };
    const before = resend.emails.length;
    const first = await post(mail, key);
    expect((await post(mail, key)).body).toEqual(first.body);
    expect(resend.emails.length).toBe(before + 1);
    const other = await post({ ...mail, subject: 'Other' }, key);
    expect(other).toMatchObject({
      status: 409,
      body: { statusCode: 409, name: 'invalid_idempotent_request' },
    });
    expect((await post(mail, { 'idempotency-key': 'x'.repeat(257) })).status).toBe(400);
  });

  test.each([
    [{ ...mail, to: 'nobody' }],
    [{ ...mail, to: [] }],
    [{ ...mail, to: Array(51).fill('a@example.com') }],
    [{ ...mail, subject: 'Two\r\nlines' }],
    [{ ...mail, text: undefined }],
  ])('refuses %j with 422', async (body) => {
    expect(await post(body)).toMatchObject({
      status: 422,
      body: { statusCode: 422, name: 'validation_error' },
    });
  });

  test.each(['from', 'to', 'subject'])('refuses a mail without %s with 422', async (name) => {
    expect(await post({ ...mail, [name]: undefined })).toMatchObject({
      status: 422,
      body: { name: 'missing_required_field', message: `Missing \`${name}\` field.` },
    });
  });

  test('wants a key that is right, and a User-Agent', async () => {
    expect(await post(mail, { authorization: '' })).toMatchObject({
      status: 401,
      body: { name: 'missing_api_key' },
    });
    expect(await post(mail, { authorization: 'Bearer re_no' })).toMatchObject({
      ...{ status: 403, body: { name: 'invalid_api_key' } },
    });
    const status = await new Promise((resolve) => {
      const asking = rawRequest(`${resend.url}/emails`, {
        method: 'POST',
        headers: { authorization: 'Bearer re_test' },
      });
      asking.on('response', (response) => resolve(response.statusCode));
      asking.end(JSON.stringify(mail));
    });
    expect(status).toBe(403);
  });

  test('lets so many requests a second in', async () => {
    const paced = await startResendStandIn({ apiKey: 're_test', requestsPerSecond: 2, now: () => 1000 });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${paced.url}/emails`, {
        method: 'POST',
        headers: { authorization: 'Bearer re_test' },
        body: JSON.stringify(mail),
      });
      statuses.push(response.status);
      if (response.status === 429) expect(response.headers.get('retry-after')).toBe('1');
    }
    expect(statuses).toEqual([200, 200, 429]);
    await paced.close();
  });
});
