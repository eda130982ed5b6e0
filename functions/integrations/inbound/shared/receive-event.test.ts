import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { post } from '#core/testing/hooks.ts';
import { setSettings } from '#core/testing/settings.ts';
import { startHttpServer } from '#local/stack/http-server.ts';
import type { Provider } from '#providers/provider.ts';
import { verifyTwilio } from '#providers/twilio/signature.ts';
import { receiveEvent } from './receive-event.ts';
import { ReceivedAnswer } from './received-answer.ts';

const { served } = vi.hoisted(() => ({ served: [] as object[] }));
vi.mock('../../../_generated/modules.ts', () => ({ endpoints: served, workers: [] }));

/** A provider that signs the URL, as Twilio does. */
const provider: Provider = {
  name: 'signs-the-url',
  verify: verifyTwilio,
  identify: (_event, json) => ({ dedupeKey: json, type: 'call', occurredAt: null, owners: [] }),
  translate: () => [],
};
const token = 'token-of-the-account';
const hook = endpoint({
  method: 'POST',
  path: '/webhooks/signs-the-url/:companyId',
  summary: 'Take in an event',
  who: ['signed'],
  body: 'raw',
  input: z.object({ companyId: z.string(), app: z.string().optional() }),
  inQuery: ['app'],
  output: ReceivedAnswer,
  errors: ['INVALID_SIGNATURE', 'UNAVAILABLE'],
  handle: ({ ctx }) =>
    receiveEvent(provider, ctx, { shared: token, accepts: () => false, mayDefault: false }),
});

served.push({ method: hook.contract.method, path: hook.contract.path, load: async () => hook });

/** A form that is signed with this URL. */
function signedFor(url: string) {
  const callSid = `CA${randomUUID()}`;
  return {
    body: new URLSearchParams({ CallSid: callSid }).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', token).update(`${url}CallSid${callSid}`).digest('base64'),
    },
  };
}

/** What API Gateway hands to a function, under a name of its own, for a request to the target. */
async function throughLambda(target: string, signedUrl: string): Promise<number | undefined> {
  const { body, headers } = signedFor(signedUrl);
  const [rawPath, rawQueryString] = target.split('?');
  const event = {
    ...{ version: '2.0', rawPath, rawQueryString, headers: { ...headers, host: 'abc.amazonaws.com' } },
    ...{ body: Buffer.from(body).toString('base64'), isBase64Encoded: true },
    requestContext: {
      domainName: 'abc.amazonaws.com',
      http: { method: 'POST', path: rawPath, sourceIp: '192.0.2.1' },
    },
  };
  return (await hook.handler(event as never, {} as never)).statusCode; // the parts of them that are read
}

/** The same by the local server, where the target stands in the request line as it is. */
async function throughServer(target: string, signedUrl: string): Promise<number | undefined> {
  const { body, headers } = signedFor(signedUrl);
  const { server, close } = await startHttpServer({ port: 0, host: '127.0.0.1' });
  try {
    const { port } = server.address() as AddressInfo; // a TCP server's
    return await new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path: target, method: 'POST', headers }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  } finally {
    await close();
  }
}

test('the URL that a provider signs is the public one, whatever host the request came to', async () => {
  setSettings({ PUBLIC_URL: 'https://hooks.example.com/behind/a/path' });
  try {
    const path = '/webhooks/signs-the-url/c1?app=a';
    const right = signedFor(`https://hooks.example.com${path}`);
    expect((await post(hook, right.body, { path, headers: right.headers })).status).toBe(200);
    const asItCame = signedFor(`https://api.example.com${path}`);
    expect((await post(hook, asItCame.body, { path, headers: asItCame.headers })).status).toBe(401);
    expect(await throughLambda(path, `https://hooks.example.com${path}`)).toBe(200);
    expect(await throughLambda(path, `https://abc.amazonaws.com${path}`)).toBe(401);
  } finally {
    setSettings({ PUBLIC_URL: 'https://api.example.com' });
  }
});

test.each([
  ['no query', '/webhooks/signs-the-url/c1'],
  ['a query', '/webhooks/signs-the-url/c1?app=a%20b+c'],
  // What the WHATWG's URL writes as %27 and %22.
  ['quotes that nobody escaped', `/webhooks/signs-the-url/c'1?app='a"`],
])('the URL that a provider signs has its path and query as they were sent, with %s', async (_, target) => {
  expect(await throughLambda(target, `https://api.example.com${target}`)).toBe(200);
  expect(await throughServer(target, `https://api.example.com${target}`)).toBe(200);
  expect(await throughLambda(`${target}x`, `https://api.example.com${target}`)).toBe(401);
});
