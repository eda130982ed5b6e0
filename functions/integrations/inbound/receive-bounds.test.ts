import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forgetRefusals } from '#core/callers/limits.ts';
import { workCounts } from '#core/metrics.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { dialpadBody, post } from '#core/testing/hooks.ts';
import { setSettings } from '#core/testing/settings.ts';
import * as dialpadSignature from '#providers/dialpad/signature.ts';
import * as retellSignature from '#providers/retell/signature.ts';
import * as receiveDialpad from './receive-dialpad.ts';
import * as receiveIncoming from './receive-incoming.ts';
import * as receiveRetell from './receive-retell.ts';
import { forgetHookSecrets } from './shared/hook-secrets.ts';
import { forgetIntake } from './shared/intake.ts';
import { forgetLinkedCompanies, maxCandidates } from './shared/receive-event.ts';
import { forgetSeenEvents } from './shared/seen-events.ts';

/** Companies with a key of their own at Retell, and with a secret of their own at Dialpad. */
const companies: { company: TestCompany; agent: string; organization: string; secret: string }[] = [];

beforeAll(async () => {
  for (let i = 0; i < 150; i++) {
    const one = {
      company: await aCompany(),
      agent: `agent_${randomUUID().replaceAll('-', '')}`,
      organization: String(7_000_000_000_000 + Math.floor(Math.random() * 1e12)),
      secret: `own-secret-${randomUUID()}`,
    };
    const { agent, organization, secret } = one;
    await one.company.links({ provider: 'retell', kind: 'agent', externalId: agent, secret });
    await one.company.links({ provider: 'dialpad', kind: 'organization', externalId: organization, secret });
    companies.push(one);
  }
});
afterAll(async () => {
  await adminSql()`delete from companies where id = any(${companies.map(({ company }) => company.id)})`;
});
beforeEach(() => {
  forgetHookSecrets();
  forgetLinkedCompanies();
});

const last = () => {
  const one = companies.at(-1);
  if (!one) throw new Error('no company');
  return one;
};
const retellEvent = (agent: string, transcript = '') =>
  JSON.stringify({
    event: 'call_analyzed',
    call: { call_type: 'phone_call', call_id: randomUUID(), agent_id: agent, transcript },
  });
const sendRetell = (body: string, key: string, path = '/webhooks/retell') =>
  post(receiveRetell, body, {
    path,
    headers: { 'x-retell-signature': retellSignature.signRetell(body, key, Date.now()) },
  });

/** @returns the status, and how many times over the body was hashed. */
async function costOf(bytes: number, send: () => Promise<{ status: number }>): Promise<[number, number]> {
  const before = workCounts().hashedBytes;
  const { status } = await send();
  return [status, (workCounts().hashedBytes - before) / bytes];
}

describe('a webhook of Retell, beside 150 keys', () => {
  test('is told by the agent that it names, in whatever it says besides', async () => {
    const { agent, secret, company } = last();
    const talk = `"agent_id" : nothing, ${'word '.repeat(80_000)}`;
    const { status, body } = await sendRetell(retellEvent(agent, talk), secret);
    expect(status).toBe(200);
    const [row] = await adminSql()`select company_id from inbound_events where id = ${body.data.id}`;
    expect(row?.company_id).toBe(company.id);
  });

  test('is told by the company that its address names', async () => {
    const { secret, company } = last();
    const path = `/webhooks/retell?company_id=${company.id}`;
    expect((await sendRetell(retellEvent('agent_of_nobody'), secret, path)).status).toBe(200);
    expect((await sendRetell(retellEvent('agent_of_nobody'), secret)).status).toBe(401);
    const other = `/webhooks/retell?company_id=${companies[0]?.company.id}`;
    expect((await sendRetell(retellEvent('agent_of_nobody'), secret, other)).status).toBe(401);
  });

  test('costs four hashes at most when it is forged, whatever it names', async () => {
    const agents = companies.map(({ agent }) => `{"agent_id":"${agent}"}`).join(',');
    const body = `[${agents},"${'x'.repeat(1_000_000)}"]`;
    const bytes = Buffer.byteLength(body);
    // Twice: the signature of a test costs a hash of its own.
    const [status, times] = await costOf(bytes, () => sendRetell(body, 'forged'));
    expect(status).toBe(401);
    expect(times).toBeLessThanOrEqual(maxCandidates + 1);
    expect(times).toBeGreaterThan(1);
    expect(await costOf(bytes, () => post(receiveRetell, body))).toEqual([401, 0]);
  });

  test('loads the list of secrets once for a hundred forged ones at once', async () => {
    const { agent } = last();
    const before = workCounts().hashedBytes;
    const body = retellEvent(agent);
    const all = await Promise.all(Array.from({ length: 100 }, () => sendRetell(body, 'forged')));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([401]));
    expect((workCounts().hashedBytes - before) / Buffer.byteLength(body)).toBeLessThanOrEqual(
      100 * (maxCandidates + 1),
    );
  });
});

describe('a webhook of Dialpad, beside 150 secrets', () => {
  test('is told by the organisation that it names', async () => {
    const { organization, secret } = last();
    const event = { call_id: randomUUID(), state: 'hangup', company_id: organization };
    expect((await post(receiveDialpad, dialpadBody(event, secret))).status).toBe(200);
    expect((await post(receiveDialpad, dialpadBody({ ...event, company_id: '1' }, secret))).status).toBe(401);
  });

  test('costs four hashes at most when it is forged, and none where it is no token', async () => {
    const { organization } = last();
    const body = dialpadBody({ company_id: organization, text: 'x'.repeat(1_000_000) }, 'forged');
    const [status, times] = await costOf(body.length, () => post(receiveDialpad, body));
    expect([status, Math.ceil(times)]).toEqual([401, 2]); // the deployment's secret, and the organisation's
    const blanks = `${' '.repeat(1_000_000)}x${' '.repeat(1_000_000)}x`;
    expect(await costOf(blanks.length, () => post(receiveDialpad, blanks))).toEqual([401, 0]);
  });
});

describe('what a company’s own secret signs', () => {
  const signed = (agent: string, secret: string, transcript = '') =>
    sendRetell(retellEvent(agent, transcript), secret, '/webhooks/retell');
  /** As many as are let in, one after the other, each as by another instance where `isAlone`. */
  async function letIn(
    { agent, secret }: { agent: string; secret: string },
    tries: number,
    isAlone: boolean,
  ) {
    const statuses: number[] = [];
    for (let i = 0; i < tries; i++) {
      if (isAlone) {
        forgetIntake();
        forgetRefusals();
      }
      statuses.push((await signed(agent, secret)).status);
    }
    return statuses.filter((status) => status === 200).length;
  }
  const stored = async ({ company }: { company: TestCompany }) =>
    (await adminSql()`select 1 from inbound_events where company_id = ${company.id}`).length;
  const aNew = (index: number) => companies[index] ?? last();

  beforeEach(() => {
    forgetIntake();
    setSettings({ RATE_LIMIT_INTAKE: '1200/1m', RATE_LIMIT_INTAKE_KILOBYTES: '204800/1h' });
  });
  afterEach(() => setSettings({ RATE_LIMIT_INTAKE: 'off', RATE_LIMIT_INTAKE_KILOBYTES: 'off' }));

  test.each([
    ['one instance', false, 10],
    ['an instance for each', true, 11],
  ])('is stored as often as the limit lets in, by %s', async (_, isAlone, index) => {
    setSettings({ RATE_LIMIT_INTAKE: '20/1d' });
    const one = aNew(index);
    const count = await letIn(one, 40, isAlone);
    expect(count).toBeLessThanOrEqual(20);
    expect(count).toBeGreaterThanOrEqual(isAlone ? 20 : 10); // what was taken in advance and not used is lost
    expect(await stored(one)).toBe(count);
    const refused = await signed(one.agent, one.secret);
    expect([refused.status, refused.body.code]).toEqual([503, 'UNAVAILABLE']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await signed(aNew(12).agent, aNew(12).secret)).status, 'another company goes on').toBe(200);
  });

  test('is stored up to the bytes of the limit', async () => {
    setSettings({ RATE_LIMIT_INTAKE_KILOBYTES: '1024/1d' });
    const one = aNew(13);
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++)
      statuses.push((await signed(one.agent, one.secret, 'x'.repeat(300_000))).status);
    expect(statuses).toEqual([200, 200, 200, 503, 503, 503, 503, 503]);
    expect(await stored(one)).toBe(3);
  });

  test('asks the database the less often, the more of it comes', async () => {
    const one = aNew(14);
    const asked = async () => {
      const [row] =
        await adminSql()`select tat1 from rate_limits where key = ${`intake:company:${one.company.id}`}`;
      return row?.tat1;
    };
    const seen = new Set<unknown>();
    for (let i = 0; i < 63; i++) {
      expect((await signed(one.agent, one.secret)).status).toBe(200);
      seen.add(await asked());
    }
    expect(seen.size).toBe(6); // 1 + 2 + 4 + 8 + 16 + 32 events
  });

  test('is let in when 200 come at once, each with room for it', async () => {
    const one = aNew(15);
    const all = await Promise.all(Array.from({ length: 200 }, () => signed(one.agent, one.secret)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(200);
    expect(await stored(one)).toBe(200);
  });

  test('is let in up to the limit when 200 come at once', async () => {
    setSettings({ RATE_LIMIT_INTAKE: '100/1d' });
    const one = aNew(16);
    const all = await Promise.all(Array.from({ length: 200 }, () => signed(one.agent, one.secret)));
    const count = all.filter(({ status }) => status === 200).length;
    expect(count).toBeGreaterThanOrEqual(90);
    expect(count).toBeLessThanOrEqual(100);
    expect(await stored(one)).toBe(count);
  });

  test('costs the company once, however often it is sent again', async () => {
    setSettings({ RATE_LIMIT_INTAKE: '20/1d' });
    const one = aNew(17);
    const body = retellEvent(one.agent);
    const captured = () =>
      post(receiveRetell, body, {
        headers: { 'x-retell-signature': retellSignature.signRetell(body, one.secret, Date.now()) },
        ip: '203.0.113.99',
      });
    const first = await Promise.all(Array.from({ length: 10 }, captured));
    expect(first.filter(({ body: { data } }) => data?.status === 'received')).toHaveLength(1);
    const again: number[] = [];
    for (let i = 0; i < 40; i++) again.push((await captured()).status);
    expect(again.at(0)).toBe(200);
    expect(again.at(-1), 'the address has used up its own limit').toBe(503);
    expect(await letIn(one, 10, false)).toBe(10);
  });

  test('costs the company nothing where another instance had it before', async () => {
    setSettings({ RATE_LIMIT_INTAKE: '20/1d' });
    const one = aNew(18);
    const body = retellEvent(one.agent);
    for (let i = 0; i < 60; i++) {
      forgetSeenEvents();
      expect((await sendRetell(body, one.secret)).status).toBe(200);
    }
    expect(await letIn(one, 10, false)).toBe(10);
  });

  test('is taken in by a repeat of what found no room', async () => {
    setSettings({ RATE_LIMIT_INTAKE: '1/1d' });
    const one = aNew(19);
    await signed(one.agent, one.secret);
    const body = retellEvent(one.agent);
    const both = await Promise.all([sendRetell(body, one.secret), sendRetell(body, one.secret)]);
    expect(both.map(({ status }) => status)).toEqual([503, 503]);
    setSettings({ RATE_LIMIT_INTAKE: '1200/1m' });
    forgetRefusals();
    await adminSql()`delete from rate_limits where key = ${`intake:company:${one.company.id}`}`;
    expect((await sendRetell(body, one.secret)).body.data.status).toBe('received');
  });
});

test('an event of a company’s own system is tried with that company’s secret alone', async () => {
  const path = `/api/webhooks/incoming/${last().company.id}`;
  const body = JSON.stringify({ type: 'call' });
  const headers = { 'x-webhook-signature': 'a'.repeat(64) };
  expect(await costOf(body.length, () => post(receiveIncoming, body, { path, headers }))).toEqual([401, 0]);
});

describe('what an unverified body names', () => {
  test('is looked at a bounded number of times', () => {
    const many = Buffer.from('"agent_id":"a",'.repeat(100_000));
    expect(retellSignature.hintsOf(many)).toEqual(['a']);
    const different = Array.from({ length: 1_000 }, (_, i) => `"agent_id":"agent_${i}"`).join(',');
    expect(retellSignature.hintsOf(Buffer.from(different))).toHaveLength(4);
    expect(
      dialpadSignature.hintsOf(Buffer.from(dialpadBody({ a: { company_id: 12 }, office_id: '13' }))),
    ).toEqual(['12', '13']);
  });
});
