import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeContext } from '#core/context.ts';
import { aCompany } from '#core/testing/company.ts';
import { setSettings } from '#core/testing/settings.ts';
import { JobPostponed, JobRefused } from '#core/work/jobs.ts';
import * as updateCompanySettings from '#identity/settings/update-company-settings.ts';
import { freePort } from '#local/stack/free-port.ts';
import type { ChannelMessage } from './channel-message.ts';
import { sendSlack } from './slack.ts';
import { sendTeams } from './teams.ts';

const ctx = makeContext({
  requestId: randomUUID(),
  caller: { kind: 'internal' },
  runAs: { as: 'service', role: 'pipeline' },
  waitUntil: () => {},
});

type Answer = { status: number; body?: string; headers?: Record<string, string> } | 'hang' | 'reset';
interface Received {
  url: string;
  headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent is compared
  json: any;
}
let server: Server;
let base: string;
let answer: Answer;
let received: Received[];
beforeAll(async () => {
  server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const json = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    received.push({ url: request.url ?? '', headers: request.headers, json });
    if (answer === 'reset') response.destroy();
    if (typeof answer !== 'object') return;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  base = `http://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  received = [];
});
afterEach(() => setSettings({ WEBHOOK_ALLOW_PRIVATE: undefined }));

const ways = {
  slack: { send: sendSlack, name: 'Slack', taken: { status: 200, body: 'ok' } },
  teams: { send: sendTeams, name: 'Teams', taken: { status: 202 } },
} as const;
type Way = keyof typeof ways;

/** A company that wants its messages there. */
async function wanting(way: Way, webhookUrl: string | undefined): Promise<string> {
  const company = await aCompany();
  const input = { companyId: company.id, integrations: { [way]: { webhookUrl: webhookUrl ?? null } } };
  const { status } = await (await company.as('admin')).request(updateCompanySettings, input);
  expect(status).toBe(200);
  return company.id;
}

const secretPath = '/services/T000/B000/the-secret-of-the-address';
const message: ChannelMessage = {
  title: 'Missed call',
  text: '+14155550101 called, and nobody answered.',
  link: 'https://app.example.com/calls/1?a=1&b=2',
};

async function failureOf(way: Way, given: Answer, url = base + secretPath): Promise<Error> {
  answer = given;
  const companyId = await wanting(way, url);
  const failure = await ways[way].send(ctx, { companyId, message }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Error);
  const error = failure as Error; // see the line before
  expect(`${error.message} ${error.cause}`).not.toContain('secret');
  return error;
}

describe('Slack', () => {
  const sent = async (given: ChannelMessage) => {
    answer = ways.slack.taken;
    const companyId = await wanting('slack', base + secretPath);
    expect(await sendSlack(ctx, { companyId, message: given })).toEqual({
      provider: 'slack',
      messageId: null,
    });
    expect(received).toHaveLength(1);
    return received[0] as Received;
  };

  test('gets text and blocks, with a button', async () => {
    const { url, headers, json } = await sent({ ...message, linkLabel: 'Öffnen' });
    expect(url).toBe(secretPath);
    expect(headers['content-type']).toBe('application/json');
    expect(json).toEqual({
      text: 'Missed call\n+14155550101 called, and nobody answered.',
      blocks: [
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text: '*Missed call*\n+14155550101 called, and nobody answered.',
            verbatim: true,
          },
        },
        {
          type: 'actions',
          elements: [{ type: 'button', text: { type: 'plain_text', text: 'Öffnen' }, url: message.link }],
        },
      ],
      ...{ unfurl_links: false, unfurl_media: false },
    });
  });

  test('shows hostile names as text', async () => {
    const { json } = await sent({
      title: '<!channel> *x*\n& <https://evil.example|Your bank>',
      text: '<@U123> &lt;b&gt; <!here>\u202e\0',
      link: 'javascript:alert(1)',
    });
    expect(json.blocks).toHaveLength(1);
    expect(json.blocks[0].text.text).toBe(
      '*&lt;!channel&gt; ∗x∗ &amp; &lt;https://evil.example|Your bank&gt;*\n&lt;@U123&gt; &amp;lt;b&amp;gt; &lt;!here&gt;',
    );
    expect(JSON.stringify(json)).not.toMatch(/[<>]|\\u/);
  });

  test('takes no more than it can, and no half character', async () => {
    const { json } = await sent({
      title: '<'.repeat(5000),
      text: '&👩‍🚀'.repeat(5000),
      link: `https://x.example/${'a'.repeat(4000)}`,
    });
    expect(json.blocks).toHaveLength(1);
    const { text } = json.blocks[0].text;
    expect(text.length).toBeLessThan(3000);
    expect(text).toMatch(/^\*(&lt;)+…\*\n(&amp;👩‍🚀)+(&amp;)?…$/u);
    expect(json.text.length).toBeLessThan(3000);
  });
});

describe('Teams', () => {
  const sent = async (given: ChannelMessage) => {
    answer = { status: 202, headers: { 'x-ms-workflow-run-id': '0858' } };
    const companyId = await wanting('teams', base + secretPath);
    expect(await sendTeams(ctx, { companyId, message: given })).toEqual({
      provider: 'teams',
      messageId: '0858',
    });
    return received.at(-1)?.json.attachments[0].content;
  };
  // biome-ignore lint/suspicious/noExplicitAny: of what was sent
  const linesOf = (card: any) => card.body.map((block: any) => block.inlines[0].text);

  test('gets an adaptive card, with a button', async () => {
    const card = await sent({ ...message, text: 'One line\r\n\r\nAnother' });
    expect(received[0]?.json).toMatchObject({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null }],
    });
    expect(card).toMatchObject({ type: 'AdaptiveCard', version: '1.4' });
    expect(linesOf(card)).toEqual(['Missed call', 'One line', 'Another']);
    expect(card.actions).toEqual([{ type: 'Action.OpenUrl', title: 'Open', url: message.link }]);
  });

  test('makes no Markdown of hostile names', async () => {
    const hostile = '[Your bank](https://evil.example) **x** <at>all</at>';
    const card = await sent({ title: hostile, text: hostile, link: 'data:text/html,x' });
    expect(linesOf(card)).toEqual([hostile, hostile]);
    expect(JSON.stringify(card)).not.toContain('"TextBlock"');
    expect(card.actions).toBeUndefined();
  });

  test('gets no card that is too large', async () => {
    const card = await sent({ title: '日'.repeat(9000), text: '日\n'.repeat(9000) });
    expect(linesOf(card)).toHaveLength(22);
    expect(Number(received.at(-1)?.headers['content-length'])).toBeLessThan(28_000);
  });

  test('is content with 200 too, and may say nothing of the run', async () => {
    answer = { status: 200, body: '1' };
    const companyId = await wanting('teams', base);
    expect(await sendTeams(ctx, { companyId, message })).toEqual({ provider: 'teams', messageId: null });
  });
});

describe.each(['slack', 'teams'] as const)('what %s answers', (way) => {
  const { name } = ways[way];

  test.each([400, 401, 403, 404, 405, 410, 413])('%i: there is no later attempt', async (status) => {
    const error = await failureOf(way, { status, body: 'no_service' });
    expect(error).toBeInstanceOf(JobRefused);
    expect(error.message).toMatch(new RegExp(`^${name} .*\\b${status}\\b.*\\.$`));
    expect(received).toHaveLength(1);
  });

  test.each([
    ['500', { status: 500, body: 'rollup_error' }],
    ['503', { status: 503, headers: { 'retry-after': '9' } }],
    ['408', { status: 408 }],
    ['a broken connection', 'reset'],
  ] as const)('%s: it is tried again', async (_title, given) => {
    const error = await failureOf(way, given);
    expect(error).not.toBeInstanceOf(JobRefused);
    expect(error).not.toBeInstanceOf(JobPostponed);
    expect(error.message).toContain(name);
  });

  test('nothing: it is tried again', async () => {
    const { setTimeout: real } = globalThis;
    const hurried = vi
      .spyOn(globalThis, 'setTimeout')
      .mockImplementation(((run: () => void, ms?: number) => real(run, (ms ?? 0) / 50)) as typeof setTimeout);
    const error = await failureOf(way, 'hang');
    hurried.mockRestore();
    expect(error).not.toBeInstanceOf(JobRefused);
    expect(error.message).toBe(`${name} was not reached. No whole answer came within 10 s.`);
  });

  test.each([
    ['7', 7000],
    [undefined, 30_000],
    ['soon', 30_000],
    ['1e300', 3_600_000],
  ])('429 with Retry-After %s: the job is postponed by %i ms', async (after, waitMs) => {
    const error = await failureOf(way, { status: 429, headers: after ? { 'retry-after': after } : {} });
    expect(error).toBeInstanceOf(JobPostponed);
    expect(error).toMatchObject({ waitMs });
  });

  test.each([301, 302, 307, 308])('%i: it is not followed', async (status) => {
    const error = await failureOf(way, { status, headers: { location: `${base}/elsewhere` } });
    expect(error).toBeInstanceOf(JobRefused);
    expect(error.message).toContain('redirects are not followed');
    expect(received.map(({ url }) => url)).toEqual([secretPath]);
  });

  test('what is not its own: there is no later attempt', async () => {
    const error = await failureOf(way, { status: way === 'slack' ? 200 : 204 });
    expect(error).toBeInstanceOf(JobRefused);
    expect(error.message).toContain(`not ${name}`);
  });

  test('where nobody listens: it is tried again', async () => {
    const error = await failureOf(way, 'hang', `http://localhost:${await freePort()}${secretPath}`);
    expect(error).not.toBeInstanceOf(JobRefused);
    expect(error.message).toContain('connection was refused');
  });

  test('where the company has set no address, or has taken it back: nothing is sent', async () => {
    for (const companyId of [await wanting(way, undefined), randomUUID()]) {
      await expect(ways[way].send(ctx, { companyId, message })).rejects.toThrow(
        new JobRefused(`${name} is not connected: the company has set no webhook address.`),
      );
    }
    expect(received).toEqual([]);
  });

  test('at a private address: it is never reached where that is forbidden', async () => {
    const { port } = server.address() as AddressInfo;
    for (const host of ['localhost', '127.0.0.1', '[::1]', '2130706433', '0x7f.1', 'localhost.', '0.0.0.0']) {
      setSettings({ WEBHOOK_ALLOW_PRIVATE: 'true' });
      const companyId = await wanting(way, `http://${host}:${port}${secretPath}`);
      setSettings({ WEBHOOK_ALLOW_PRIVATE: 'false' }); // it was set in another time
      const failure = await ways[way].send(ctx, { companyId, message }).catch((error: unknown) => error);
      expect(failure, host).toBeInstanceOf(JobRefused);
      expect(String(failure)).toContain('private network');
      expect(String(failure)).not.toContain('secret');
    }
    expect(received).toEqual([]);
  });
});
