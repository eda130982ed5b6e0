import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeWebhookSecret, signatureHeaders } from '../functions/outgoing/webhooks/shared/signing.ts';
import { isWebhookSecret, refusalOf } from './listen/verify.ts';
import { freePort } from './stack/free-port.ts';

interface Hook {
  id: string;
  url: string;
  description: string | null;
  events?: string[];
}

/** The stack's API, as far as the script asks it. */
let stack: Server;
let hooks: Hook[] = [];
let refuses = false;
const secret = makeWebhookSecret();
let dataFolder: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'trunkline-listen-'));
  stack = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const answer = (status: number, data: unknown) => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ success: true, data }));
    };
    const { method, url = '' } = request;
    if (request.headers['x-api-key'] !== 'the-demo-key') return answer(401, null);
    if (refuses && method === 'POST') {
      response.writeHead(409).end('{"code":"CONFLICT","message":"A company has at most 50 webhooks."}');
      return;
    }
    if (method === 'GET' && url === '/api/webhooks?limit=100') return answer(200, hooks);
    if (method === 'POST' && url === '/api/webhooks') {
      const hook = { id: `hook-${hooks.length + 1}-new`, ...JSON.parse(text) };
      hooks.push(hook);
      return answer(201, { ...hook, secret });
    }
    const [, id] = /^\/api\/webhooks\/([\w-]+)$/.exec(url) ?? [];
    if (method !== 'DELETE' || !hooks.some((hook) => hook.id === id)) return answer(404, null);
    hooks = hooks.filter((hook) => hook.id !== id);
    answer(200, { id, url });
  });
  await new Promise<void>((resolve) => stack.listen(0, '127.0.0.1', resolve));
});
beforeEach(async () => {
  hooks = [];
  refuses = false;
  const { port } = stack.address() as AddressInfo; // it listens on one
  await writeFile(
    join(dataFolder, 'stack.json'),
    JSON.stringify({ url: `http://127.0.0.1:${port}`, apiKey: 'the-demo-key', retell: '', dialpad: '' }),
  );
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  stack.closeAllConnections();
  stack.close();
  await rm(dataFolder, { recursive: true });
});

interface Run {
  child: ChildProcess;
  output: () => string;
  /** Until it has said this. @throws when it ends before. */
  said: (text: string) => Promise<void>;
  ended: Promise<number | null>;
}

function listen(args: string[], folder = dataFolder): Run {
  const script = fileURLToPath(new URL('listen.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    env: { ...process.env, DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let text = '';
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (const look of looks) look();
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    output: () => text,
    ended,
    said: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (text.includes(wanted)) resolve();
        };
        looks.add(look);
        look();
        void ended.then(() => reject(new Error(`It ended, having said: ${text}`)));
      }),
  };
}

const event = (change: object = {}) =>
  JSON.stringify({
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    type: 'call.completed',
    sequence: 42,
    timestamp: '2026-03-01T10:00:00.000Z',
    data: { from: '+14155550101', to: '+14155550199', note: 'Zoë' },
    ...change,
  });
async function deliver(port: number, body: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
  await response.text();
  return response.status;
}
const signed = (body: string, by = [secret], at = new Date()) =>
  signatureHeaders({ id: 'evt_1', at, body }, by);

describe('npm run listen', () => {
  test('registers itself, prints what comes, answers 200 to the genuine and 401 to the rest, and leaves nothing behind', async () => {
    const port = await freePort();
    const another = await freePort();
    hooks = [
      { id: 'left', url: `http://127.0.0.1:${port}/`, description: 'npm run listen' },
      { id: 'left-elsewhere', url: `http://127.0.0.1:${another}/`, description: 'npm run listen' },
      {
        id: 'runs',
        url: `http://127.0.0.1:${(stack.address() as AddressInfo).port}/`,
        description: 'npm run listen',
      },
      { id: 'theirs', url: `http://127.0.0.1:${port}/`, description: null },
    ];
    const run = listen([String(port)]);
    await run.said('Ctrl-C ends it.');
    expect(hooks.map(({ id, url, events }) => [id, url, events])).toEqual([
      ['runs', expect.any(String), undefined],
      ['theirs', expect.any(String), undefined],
      ['hook-3-new', `http://127.0.0.1:${port}/`, ['*']],
    ]);
    const body = event();
    expect(await deliver(port, body, signed(body))).toBe(200);
    expect(await deliver(port, body, signed(body, [makeWebhookSecret(), secret]))).toBe(200);
    expect(await deliver(port, body, signed(body, [makeWebhookSecret()]))).toBe(401);
    expect(await deliver(port, `${body} `, signed(body))).toBe(401);
    expect(await deliver(port, body, signed(body, [secret], new Date(Date.now() - 302_000)))).toBe(401);
    expect(await deliver(port, body, {})).toBe(401);
    const strange = event({ type: 'call.\u001b[2Jx', data: { from: '\u0007' } });
    expect(await deliver(port, strange, signed(strange))).toBe(200);
    expect(await deliver(port, 'no json', signed('no json'))).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(405);
    await run.said('(no event)');
    const lines = run.output().split('\n').slice(1, -1);
    expect(lines[0]).toMatch(
      /^[\d:.]{12} {2}✓ verified {2}call\.completed {8}#42 {5}evt_1 {2}\+14155550101 → \+14155550199$/,
    );
    expect(lines[1]).toMatch(/✓ verified .*\(again\)$/);
    expect(lines[2]).toMatch(/✗ refused .*: the signature is not of this secret$/);
    expect(lines[3]).toMatch(/✗ refused .*: the signature is not of this secret$/);
    expect(lines[4]).toMatch(/✗ refused .*: it was signed 30\d seconds ago$/);
    expect(lines[5]).toMatch(/✗ refused .*\(no id\).*: the headers webhook-id, .* are missing$/);
    for (const control of ['\u001b', '\u0007']) expect(run.output()).not.toContain(control);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    expect(hooks.map(({ id }) => id)).toEqual(['runs', 'theirs']);
  });

  test('shows the event with --json, and verifies by a secret that is given', async () => {
    const port = await freePort();
    const own = makeWebhookSecret();
    const run = listen([String(port), '--secret', own, '--json'], join(dataFolder, 'nowhere'));
    await run.said('signed with the secret given');
    expect(hooks).toEqual([]);
    const body = event();
    expect(await deliver(port, body, signed(body, [own]))).toBe(200);
    expect(await deliver(port, body, signed(body))).toBe(401);
    await run.said(body);
    expect(run.output()).toContain('✓ verified');
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
  });

  test.each([
    [
      'no stack has run here',
      ['45871'],
      'nowhere',
      /none has run on the data folder .*nowhere.*`npm start`.*DATA_DIR=<folder> npm run listen/,
    ],
    ['the port is none', ['http'], '', /must be a number from 1 to 65535, which http is not/],
    ['the port is too large', ['70000'], '', /must be a number from 1 to 65535/],
    ['the secret is none', ['45871', '--secret', 'whsec_abc'], '', /must be whsec_ and 24 to 64 bytes/],
    ['an option is not known', ['--nonsense'], '', /nonsense/],
  ])('says so when %s', async (_, args, folder, sentence) => {
    const run = listen(args, join(dataFolder, folder));
    expect(await run.ended).toBe(1);
    expect(run.output()).toMatch(sentence);
    expect(run.output(), 'a sentence, no stack').not.toContain('    at ');
  });

  test('says so when the stack has stopped, when it refuses, and when the port is taken', async () => {
    const { port } = stack.address() as AddressInfo;
    const taken = listen([String(port)]);
    refuses = true;
    const refused = listen([String(await freePort())]);
    const [first, second] = await Promise.all([taken.ended, refused.ended]);
    expect([first, second]).toEqual([1, 1]);
    expect(taken.output()).toContain(
      `Port ${port} is taken by another program: give another one, as in npm run listen -- ${port + 1}.`,
    );
    expect(refused.output()).toContain('A company has at most 50 webhooks.');
    const gone = { url: `http://127.0.0.1:${await freePort()}`, apiKey: 'x', retell: '', dialpad: '' };
    await writeFile(join(dataFolder, 'stack.json'), JSON.stringify(gone));
    const stopped = listen([String(await freePort())]);
    expect(await stopped.ended).toBe(1);
    expect(stopped.output()).toContain(`does not answer at ${gone.url}`);
  });
});

describe('verifying', () => {
  // Made with the reference library, standardwebhooks 1.1.1.
  const vectors = [
    {
      by: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: 1_614_265_330,
      body: '{"test": 2432232314}',
      signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    {
      by: 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
      id: 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W',
      at: 1_674_087_231,
      body: '{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{"id":"1f81eb52-5198-4599-803e-771906343485"}}',
      signature:
        'v1a,AAAA v1,4PMU5Dl90B4kgwxDpwuMZ/cnZ5ztf+Y+kviYQD66rJg= v1,ARw42xaAApl/nxRo+iPGYwSaMQaOwMo2eyH5JBRA+bQ=',
    },
  ];
  test.each(vectors)(
    'takes what the reference signed for $id, for five minutes',
    ({ by, id, at, body, signature }) => {
      expect(isWebhookSecret(by)).toBe(true);
      const headers = { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': signature };
      const later = (seconds: number, change: object = {}) =>
        refusalOf(
          { headers: { ...headers, ...change }, body: Buffer.from(body) },
          by,
          new Date((at + seconds) * 1000),
        );
      expect([later(0), later(300), later(-300)]).toEqual([undefined, undefined, undefined]);
      expect(later(301)).toBe('it was signed 301 seconds ago');
      expect(later(-301)).toBe('it was signed 301 seconds ahead of this clock');
      expect(later(0, { 'webhook-id': 'other' })).toContain('signature');
      expect(later(0, { 'webhook-timestamp': `${at}x` })).toContain('number');
      expect(later(0, { 'webhook-timestamp': '' })).toContain('number');
      expect(later(0, { 'webhook-signature': signature.replaceAll('v1,', 'v2,') })).toContain('signature');
      expect(later(0, { 'webhook-signature': '' })).toContain('signature');
      expect(later(0, { 'webhook-signature': 'v1,' })).toContain('signature');
    },
  );
});
