import type { Who } from '#core/callers/auth.ts';
import { endpoints } from '../../functions/_generated/modules.ts';
import { hookBody } from '../../local/providers/dialpad/delivery.ts';
import type { FaultCompany } from './ground.ts';
import { rawRequest } from './raw-http.ts';
import { deployedEnvironment } from './server-environment.ts';

export interface BadRequest {
  what: string;
  bytes: Buffer;
  /** 'refused': 4xx with our envelope. 'http': what HTTP itself refuses, so a bare 4xx or a close. 'taken': no 5xx. */
  expect: 'refused' | 'http' | 'taken';
}

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** Bodies that no endpoint takes. */
const bodies: [string, string | Buffer][] = [
  ['malformed JSON', '{"a":'],
  ['two JSON values', '{} {}'],
  ['a JSON array', '[]'],
  ['a JSON string', '"text"'],
  ['null', 'null'],
  ['JSON 100 000 deep', deep(100_000)],
  ['an object 100 000 deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['a __proto__ key', '{"__proto__":{"isAdmin":true},"email":"a@b.co"}'],
  ['a constructor key', '{"constructor":{"prototype":{"x":1}}}'],
  ['an unknown field', '{"noSuchField":1}'],
  ['a NUL in text', '{"email":"a\\u0000@b.co","password":"x","name":"y"}'],
  ['half a surrogate pair', '{"email":"\\ud800","password":"x","name":"y"}'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ['numbers past 2^53', '{"email":9007199254740993,"password":1e999,"name":-0}'],
  ['wrong types', '{"email":[],"password":{},"name":true,"id":1.5,"agentIds":"x","from":{}}'],
  ['years that no calendar has', '{"from":"+275760-09-13T00:00:00.000Z","to":"-271821-04-20T00:00:00Z"}'],
  ['a hundred thousand keys', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(',')}}`],
  ['more than 10 MB', `{"a":"${'x'.repeat(10_600_000)}"}`],
];

const queries: [string, string][] = [
  ['a page of nothing', 'limit=0'],
  ['a negative page', 'page=-1'],
  ['an absurd page', 'page=99999999999999999999'],
  ['an absurd limit', 'limit=1e309'],
  ['no number', 'limit=NaN'],
  ['a fraction', 'limit=1.5'],
  ['an offset past 2^53', 'offset=9007199254740993'],
  ['an unknown field', 'noSuchField=1'],
  ['a field twice', 'limit=1&limit=2'],
  ['a __proto__ field', '__proto__=1'],
  ['a cursor of nonsense', 'cursor=%F0%9F%92%A9'],
  ['a cursor of JSON', `cursor=${Buffer.from('[1,2,3]').toString('base64url')}`],
  ['a cursor of deep JSON', `cursor=${Buffer.from(deep(300)).toString('base64url')}`],
  ['a NUL', 'cursor=%00'],
  ['broken percent escapes', 'cursor=%zz%'],
  ['invalid UTF-8', 'cursor=%ff%fe'],
  ['the year 275760', 'startedAfter=%2B275760-09-13T00:00:00.000Z'],
  ['a sort that is none', 'sortBy=;drop table calls'],
];

const ids: [string, string][] = [
  ['an id that is none', 'nonsense'],
  ['broken percent escapes', '%zz'],
  ['an escaped NUL', '%00'],
  ['invalid UTF-8', '%ff%fe'],
  ['dots', '..%2f..%2fetc%2fpasswd'],
  ['a quote', "'%20or%201=1--"],
  ['a long one', 'x'.repeat(3_000)],
];

const spaceless = (query: string) => query.replaceAll(' ', '%20');

/** Paths whose id is the provider's own, so that any text may be one. */
const takesAnyId = (path: string) => path.includes('/:agentId');

function credentialsFor(who: readonly Who[], { token, apiKey }: FaultCompany): Record<string, string> {
  if (who.includes('user')) return { authorization: `Bearer ${token}` };
  if (who.includes('key')) return { 'x-api-key': apiKey };
  return who.includes('internal') ? { 'x-internal-secret': deployedEnvironment.INTERNAL_API_SECRET } : {};
}

/** Every endpoint with every input that it must not take; those that take a caller are called by one. */
export async function badRequests(company: FaultCompany): Promise<BadRequest[]> {
  const all: BadRequest[] = [];
  for (const { method, path, load } of endpoints) {
    const { who, takesBody } = (await load()).contract;
    const credentials = credentialsFor(who, company);
    const fixed = path.replaceAll(/:\w+/g, '01930000-0000-7000-8000-0000000000ff');
    const isHook = path.startsWith('/webhooks/') || path.startsWith('/api/webhooks/incoming');
    if (path.includes(':')) {
      for (const [what, id] of ids) {
        const target = path.replaceAll(/:\w+/g, id);
        all.push({
          what: `${method} ${path} with ${what}`,
          bytes: rawRequest(method, target, { headers: credentials }),
          expect: takesAnyId(path) ? 'taken' : 'refused',
        });
      }
    }
    for (const [, query] of queries) {
      const bytes = rawRequest(method, `${fixed}?${spaceless(query)}`, {
        headers: { ...credentials, ...(takesBody ? { 'content-type': 'application/json' } : {}) },
        body: takesBody ? '{}' : '',
      });
      // Documents and hooks let a stranger's query pass.
      all.push({ what: `${method} ${path}?${query}`, bytes, expect: 'taken' });
    }
    if (!takesBody) continue;
    for (const [what, body] of bodies) {
      const headers = { ...credentials, 'content-type': 'application/json' };
      all.push({
        what: `${method} ${path} with ${what}`,
        bytes: rawRequest(method, fixed, { headers, body }),
        expect: isHook || what.startsWith('years') ? 'taken' : 'refused',
      });
    }
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', '\u00ff', '']) {
      const headers = { ...credentials, 'content-type': type };
      const bytes = rawRequest(method, fixed, { headers, body: '{"email":"a@b.co"}' });
      all.push({ what: `${method} ${path} as '${type}'`, bytes, expect: 'refused' });
    }
  }
  return all;
}

/** Dialpad events that are signed, and nonsense. */
export function signedNonsense(): BadRequest[] {
  const payloads: unknown[] = [
    ...[null, 1, 'text', [], {}, { state: 'hangup' }, { call_id: 'x', state: 1 }],
    JSON.parse('{"call_id":9007199254740993,"state":"hangup","event_timestamp":1e300}'),
    { call_id: 1, state: 'hangup', event_timestamp: 8.64e15, date_started: -8.64e15, duration: -1 },
    { call_id: 2, state: 'connected', event_timestamp: 0, contact: null, target: [] },
    { call_id: 3, state: 'hangup', event_timestamp: 1, external_number: 'x'.repeat(100_000) },
    { call_id: 4, state: '\u0000\ud800', event_timestamp: 1 },
    JSON.parse('{"__proto__":{"a":1},"call_id":5,"state":"hangup","event_timestamp":1}'),
    JSON.parse(`{"call_id":6,"state":"hangup","event_timestamp":1,"labels":${deep(2_000)}}`),
  ];
  return payloads.map((payload, index) => ({
    what: `a signed Dialpad event of nonsense, number ${index}`,
    bytes: rawRequest('POST', '/webhooks/dialpad', {
      body: hookBody(payload, deployedEnvironment.DIALPAD_WEBHOOK_SECRET),
    }),
    expect: 'taken',
  }));
}

/** What is not even HTTP. */
export function brokenHttp(): BadRequest[] {
  const raw = (what: string, text: string): BadRequest => ({
    what,
    bytes: Buffer.from(text, 'latin1'),
    expect: 'http',
  });
  const host = 'host: 127.0.0.1\r\n';
  return [
    raw('no HTTP at all', 'hello\r\n\r\n'),
    raw('a giant header', `GET /api/calls HTTP/1.1\r\n${host}x-big: ${'x'.repeat(100_000)}\r\n\r\n`),
    raw(
      'ten thousand headers',
      `GET /api/calls HTTP/1.1\r\n${host}${Array.from({ length: 10_000 }, (_, i) => `h${i}: 1\r\n`).join('')}\r\n`,
    ),
    raw('a giant address', `GET /api/calls?x=${'x'.repeat(100_000)} HTTP/1.1\r\n${host}\r\n`),
    raw('an address that is no path', `GET http://[::bad/ HTTP/1.1\r\n${host}\r\n`),
    raw('an address of slashes', `GET //// HTTP/1.1\r\n${host}\r\n`),
    raw('a star', `OPTIONS * HTTP/1.1\r\n${host}\r\n`),
    raw('a tunnel', `CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`),
    raw('a trace', `TRACE /api/calls HTTP/1.1\r\n${host}\r\n`),
    raw('an unknown method', `BREW /api/calls HTTP/1.1\r\n${host}\r\n`),
    raw(
      'two lengths',
      `POST /api/auth/login HTTP/1.1\r\n${host}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`,
    ),
    raw(
      'a length and chunks',
      `POST /api/auth/login HTTP/1.1\r\n${host}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ),
    raw(
      'a chunk of nonsense',
      `POST /api/auth/login HTTP/1.1\r\n${host}transfer-encoding: chunked\r\n\r\nzz\r\n\r\n`,
    ),
    raw('a line break in a header', `GET /api/calls HTTP/1.1\r\n${host}x-request-id: a\rb\r\n\r\n`),
    raw('no host', 'GET /api/calls HTTP/1.1\r\n\r\n'),
  ];
}
