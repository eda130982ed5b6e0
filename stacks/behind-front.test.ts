import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forgetRefusals } from '#core/callers/limits.ts';
import type { HttpHandler } from '#core/http/lambda.ts';
import { setSettings } from '#core/testing/settings.ts';
import { handler as direct } from '#outgoing/webhooks/list-webhooks.ts';
import { behindFront } from './behind-front.ts';

const secret = randomUUID();
const handler = behindFront(direct);
const someAddress = () => `2001:db8:${Math.floor(Math.random() * 65_535).toString(16)}:1::1`;

interface Asked {
  /** Of the connection. */
  from: string;
  headers?: Record<string, string>;
}

const eventOf = ({ from, headers = {} }: Asked) =>
  ({
    rawPath: '/api/webhooks',
    rawQueryString: '',
    headers,
    requestContext: { domainName: 'second.example', http: { method: 'GET', sourceIp: from } },
  }) as unknown as APIGatewayProxyEventV2; // the parts of it that are read

const ask = async (asked: Asked) => (await handler(eventOf(asked), {} as Context)).statusCode;

async function statusesOf(times: number, asked: (i: number) => Asked): Promise<(number | undefined)[]> {
  const statuses: (number | undefined)[] = [];
  for (let i = 0; i < times; i++) statuses.push(await ask(asked(i)));
  return statuses;
}

/** What the front sends for a caller. */
const throughFront = (caller: string, front: string): Asked => ({
  from: front,
  headers: { 'x-trunkline-caller-ip': caller, 'x-trunkline-front': secret },
});

beforeEach(() => {
  process.env.FRONT_SECRET = secret;
  setSettings({ RATE_LIMIT_REFUSED: '2/1m' });
});
afterEach(() => {
  delete process.env.FRONT_SECRET;
  setSettings({ RATE_LIMIT_REFUSED: 'off' });
  forgetRefusals();
});

describe('behind the front', () => {
  test('each caller has limits of its own, though all come from the front’s address', async () => {
    const front = someAddress();
    const [guesser, other] = [someAddress(), someAddress()];
    expect(await statusesOf(3, () => throughFront(guesser, front))).toEqual([401, 401, 429]);
    expect(await ask(throughFront(other, front))).toBe(401);
    expect(await ask({ from: front })).toBe(401);
  });

  test('an address that a caller names counts for nothing without the secret', async () => {
    const address = someAddress();
    const named = (i: number, proof: Record<string, string>): Asked => ({
      from: address,
      headers: { 'x-trunkline-caller-ip': `203.0.113.${i}`, ...proof },
    });
    const proofs: Record<string, string>[] = [
      {},
      { 'x-trunkline-front': '' },
      { 'x-trunkline-front': `${secret}x` },
    ];
    expect(await statusesOf(3, (i) => named(i, proofs[i] ?? {}))).toEqual([401, 401, 429]);
  });

  test('nor where the function was given no secret', async () => {
    const address = someAddress();
    const named = (i: number): Asked => ({
      from: address,
      headers: { 'x-trunkline-caller-ip': `203.0.113.${i}`, 'x-trunkline-front': '' },
    });
    for (const none of ['', undefined]) {
      if (none === undefined) delete process.env.FRONT_SECRET;
      else process.env.FRONT_SECRET = none;
      await ask(named(1));
    }
    expect(await ask(named(2))).toBe(429);
  });

  test('the endpoint sees the caller’s request, without what the front added', async () => {
    const seen: APIGatewayProxyEventV2[] = [];
    const inner: HttpHandler = async (event) => {
      seen.push(event);
      return { statusCode: 204 };
    };
    const { from, headers } = throughFront('198.51.100.7', '192.0.2.1');
    await behindFront(inner)(eventOf({ from, headers: { ...headers, accept: '*/*' } }), {} as Context);
    const [event] = seen;
    expect(event).toEqual(eventOf({ from: '198.51.100.7', headers: { accept: '*/*' } }));
  });
});
