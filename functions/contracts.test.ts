import { randomUUID } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { makerFor } from '../db/tests/world.ts';
import { discover, type EndpointModule } from '../scripts/generate/discover.ts';
import { exampleOf, type JsonSchema } from '../scripts/generate/example.ts';
import { generatedFiles, staleFiles } from '../scripts/generate/files.ts';
import { openapiOf } from '../scripts/generate/openapi.ts';
import { roles, scopes } from './_core/caller.ts';
import type { Endpoint } from './_core/endpoint.ts';
import { env } from './_core/env.ts';
import { pathPattern } from './_core/path.ts';
import { adminSql } from './_core/testing/admin-sql.ts';
import { aCompany, request, type TestCompany, type TestResponse } from './_core/testing/company.ts';
import { setSettings } from './_core/testing/settings.ts';
import { signAccessToken } from './_core/tokens.ts';

/** What is true of every endpoint, so that no endpoint can forget a test it need not write. */
const found = await discover();
const endpoints = await Promise.all(
  found.endpoints.map(async (module) => {
    const loaded: Endpoint = await import(
      /* @vite-ignore */ new URL(`../${module.file}`, import.meta.url).href
    );
    return {
      ...module,
      serve: loaded.serve,
      handler: loaded.handler,
      title: `${module.contract.method} ${module.contract.path}`,
    };
  }),
);
type Tested = (typeof endpoints)[number];

const isOpen = ({ contract }: EndpointModule) =>
  contract.who.includes('public') || contract.who.includes('signed');
const guarded = endpoints.filter((endpoint) => !isOpen(endpoint));
const takes = (who: 'user' | 'key') => guarded.filter(({ contract }) => contract.who.includes(who));

/** An input that most likely fits; with ids of nothing. */
function inputOf({ contract }: Tested): Record<string, unknown> {
  const schema = z.toJSONSchema(contract.input, { io: 'input', unrepresentable: 'any' });
  return exampleOf(schema as JsonSchema) as Record<string, unknown>;
}
const fits = (endpoint: Tested) => endpoint.contract.input.safeParse(inputOf(endpoint)).success;

function expectFailure(response: TestResponse, status: number, code: string): void {
  expect(response.body).toMatchObject({
    success: false,
    code,
    error: expect.any(String),
    message: expect.any(String),
  });
  expect(response.status).toBe(status);
  expectCommonHeaders(response);
  expect(response.body.requestId).toBe(response.headers.get('x-request-id'));
  expect(response.body).not.toHaveProperty('stack');
}

function expectCommonHeaders({ headers }: TestResponse): void {
  expect(headers.get('x-request-id')).toMatch(/^[\w.:-]{1,128}$/);
  expect(headers.get('strict-transport-security')).toContain('max-age=');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('referrer-policy')).toBeTruthy();
  expect(headers.get('permissions-policy')).toBeTruthy();
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('cache-control')).toBeTruthy();
}

let company: TestCompany;
let stranger: TestCompany;
/** Of a company that has one row in every table. */
let foreignIds: [table: string, id: string][] = [];
beforeAll(async () => {
  setSettings({ RETELL_API_URL: 'http://127.0.0.1:9', DIALPAD_API_URL: 'http://127.0.0.1:9' });
  company = await aCompany();
  stranger = await aCompany();
  const world = await (await makerFor(adminSql())).makeWorld();
  foreignIds = [...world].flatMap(([table, { id }]) =>
    typeof id === 'string' && z.uuid().safeParse(id).success ? [[table, id]] : [],
  );
});

describe('every contract', () => {
  test('has a method and path of its own', () => {
    const shapes = endpoints.map(
      ({ contract }) => `${contract.method} ${contract.path.replaceAll(/:\w+/g, ':')}`,
    );
    expect(shapes).toEqual([...new Set(shapes)]);
  });

  test.each(endpoints)('$title says what it does and who may call it', ({ contract, stem }) => {
    expect(stem, 'a verb, and what it is done to').toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
    expect(contract.path).toMatch(/^\/$|^(\/(:[a-z]\w*|[a-z0-9][\w.-]*))+$/i);
    expect(contract.summary.length).toBeGreaterThan(8);
    expect(contract.summary, 'no full stop').not.toMatch(/\.$/);
    expect(contract.who.length).toBeGreaterThan(0);
    if (contract.who.includes('public') || contract.who.includes('signed')) {
      expect(contract.who.length, 'public and signed stand alone').toBe(1);
    }
    if (contract.role) {
      expect(contract.who, 'a person, or the maker of a key').toSatisfy(
        () => contract.who.includes('user') || contract.who.includes('key'),
      );
      expect([...roles, 'platform_admin']).toContain(contract.role);
    }
    expect(contract.scope !== undefined, 'keys need a scope, nobody else has one').toBe(
      contract.who.includes('key'),
    );
    if (contract.scope) expect(scopes).toContain(contract.scope);
    if (contract.who.includes('signed')) expect(contract.body, 'a signature is over bytes').toBe('raw');
  });

  test.each(endpoints)('$title declares the parameters of its path', ({ contract }) => {
    const fields = Object.keys(contract.input.shape);
    expect(fields).toEqual(expect.arrayContaining([...pathPattern(contract.path).names]));
    expect(fields).toEqual(expect.arrayContaining([...contract.inQuery]));
  });
});

describe('without credentials', () => {
  test.each(guarded)('$title answers 401', async (endpoint) => {
    expectFailure(await request(endpoint, inputOf(endpoint)), 401, 'UNAUTHENTICATED');
  });
});

/** What API Gateway hands to a function (payload format 2.0) for the same request. */
async function throughLambda(endpoint: Tested, headers: Record<string, string>): Promise<TestResponse> {
  const sent: Request[] = [];
  const input = inputOf(endpoint);
  await request(
    {
      contract: endpoint.contract,
      serve: async (asWeb) => {
        sent.push(asWeb);
        return new Response('{}');
      },
    },
    input,
    headers,
  );
  const [asWeb] = sent;
  if (!asWeb) throw new Error('nothing was sent');
  const url = new URL(asWeb.url);
  const body = await asWeb.text();
  const event = {
    version: '2.0',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(asWeb.headers),
    requestContext: {
      domainName: 'api.example.com',
      http: { method: asWeb.method, path: url.pathname, sourceIp: '192.0.2.1' },
    },
    ...(body === '' ? {} : { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }),
  };
  const result = await endpoint.handler(event as never, {} as never); // the parts of them that are read
  const text = result.isBase64Encoded
    ? Buffer.from(result.body ?? '', 'base64').toString()
    : (result.body ?? '');
  const answered = new Headers(result.headers as Record<string, string>); // ours are texts
  const isJson = (answered.get('content-type') ?? '').includes('json');
  return {
    status: result.statusCode ?? 0,
    headers: answered,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

describe('on Lambda', () => {
  const trace = { 'x-request-id': 'the-same-on-both' };
  test.each(guarded)('$title refuses a caller without credentials as it does elsewhere', async (endpoint) => {
    const web = await request(endpoint, inputOf(endpoint), trace);
    const lambda = await throughLambda(endpoint, trace);
    expect([lambda.status, lambda.text]).toEqual([web.status, web.text]);
    expect([...lambda.headers]).toEqual([...web.headers]);
  });

  const lists = takes('user').filter(
    ({ contract }) => contract.method === 'GET' && !contract.path.includes(':'),
  );
  test.each(lists)('$title answers as it does elsewhere', async (endpoint) => {
    const { headers } = await (await aCompany()).as('owner');
    const web = await request(endpoint, inputOf(endpoint), { ...headers, ...trace });
    const lambda = await throughLambda(endpoint, { ...headers, ...trace });
    expect([lambda.status, Object.keys(lambda.body ?? {})]).toEqual([
      web.status,
      Object.keys(web.body ?? {}),
    ]);
  });
});

describe('with wrong credentials', () => {
  test.each(guarded)('$title answers 401', async (endpoint) => {
    const input = inputOf(endpoint);
    const nonsense = { authorization: 'Bearer not.a.token', 'x-internal-secret': 'wrong' };
    expectFailure(await request(endpoint, input, nonsense), 401, 'UNAUTHENTICATED');
    expectFailure(await request(endpoint, input, { 'x-api-key': 'raw_wrong' }), 401, 'UNAUTHENTICATED');
  });
});

const scoped = takes('key').filter(fits);
const ranked = takes('user').filter((endpoint) => endpoint.contract.role && fits(endpoint));

describe.skipIf(scoped.length === 0)('with a key that lacks the scope', () => {
  test.each(scoped)('$title answers 403', async (endpoint) => {
    const other = scopes.find((scope) => scope !== endpoint.contract.scope) ?? 'calls:read';
    const key = await company.key([other]);
    expectFailure(await key.request(endpoint, inputOf(endpoint)), 403, 'FORBIDDEN');
  });
});

const people = takes('user').filter(fits);

describe('with the token of a person', () => {
  test.each(people)('$title answers 401 when it has expired', async (endpoint) => {
    const owner = await company.as('owner');
    const claims = { sub: owner.id, session_id: owner.sessionId, email: owner.email };
    const { token } = await signAccessToken(
      { ...claims, app_metadata: { company_id: company.id, role: 'owner' } },
      new Date(Date.now() - 86_400_000),
    );
    const headers = { authorization: `Bearer ${token}` };
    expectFailure(await request(endpoint, inputOf(endpoint), headers), 401, 'TOKEN_EXPIRED');
  });

  test.each(people)('$title answers 401 in a company that is not theirs', async (endpoint) => {
    const owner = await company.as('owner');
    const { token } = await signAccessToken(
      {
        sub: owner.id,
        session_id: owner.sessionId,
        email: owner.email,
        app_metadata: { company_id: stranger.id, role: 'owner' },
      },
      new Date(),
    );
    const headers = { authorization: `Bearer ${token}` };
    expectFailure(await request(endpoint, inputOf(endpoint), headers), 401, 'UNAUTHENTICATED');
  });

  test.each(people)('$title answers 401 once their session has ended', async (endpoint) => {
    const person = await (await aCompany()).as('owner');
    await adminSql()`update sessions set ended_at = now() where id = ${person.sessionId}`;
    expectFailure(await person.request(endpoint, inputOf(endpoint)), 401, 'UNAUTHENTICATED');
  });
});

const ranks: readonly string[] = [...roles, 'platform_admin'];
describe.skipIf(ranked.length === 0)('for each role', () => {
  test.each(ranked)('$title answers as its contract says', async (endpoint) => {
    const { role: least = 'viewer', errors } = endpoint.contract;
    for (const role of roles) {
      const person = await (await aCompany()).as(role); // of its own: what it may do may end its session
      const response = await person.request(endpoint, inputOf(endpoint));
      if (ranks.indexOf(role) < ranks.indexOf(least)) expectFailure(response, 403, 'FORBIDDEN');
      else {
        expect([role, response.status]).not.toEqual([role, 401]);
        if (!errors.includes('FORBIDDEN')) expect([role, response.status]).not.toEqual([role, 403]);
        expect([role, response.status, response.text]).not.toEqual([role, 500, response.text]);
      }
    }
  });
});

describe('an id of another company', () => {
  const named = guarded.filter(
    (endpoint) =>
      pathPattern(endpoint.contract.path).names.length > 0 &&
      endpoint.contract.who.some((who) => who === 'user' || who === 'key') &&
      fits(endpoint),
  );
  test.each(named)('$title answers as for one of nothing', async (endpoint) => {
    const { headers } = endpoint.contract.who.includes('user')
      ? await company.as('owner')
      : await company.key();
    const answerFor = async (id: string) => {
      const ids = Object.fromEntries(pathPattern(endpoint.contract.path).names.map((name) => [name, id]));
      const { status, body } = await request(endpoint, { ...inputOf(endpoint), ...ids }, headers);
      return { status, body: { ...body, requestId: undefined } };
    };
    const expected = await answerFor(randomUUID());
    for (const [table, id] of foreignIds) expect([table, await answerFor(id)]).toEqual([table, expected]);
  });
});

/** What would give a caller more than they may have, were it written as it comes. */
const forbiddenFields = [
  ...['companyId', 'company_id', 'role', 'id', 'userId', 'user_id', 'isPlatformAdmin', 'is_platform_admin'],
  ...[
    'emailVerified',
    'emailVerifiedAt',
    'email_verified_at',
    'passwordHash',
    'password_hash',
    'isActive',
    'is_active',
  ],
  ...[
    'createdAt',
    'updatedAt',
    'deletedAt',
    'deleted_at',
    'lastLoginAt',
    'permissions',
    'scopes',
    'owner',
    'ownerId',
  ],
  ...['sessionId', 'app_metadata', 'ipAllowlist', 'keyHash', 'quotas', 'twoFactorEnabled'],
];

describe('fields that nobody may write', () => {
  const writes = endpoints.filter(
    ({ contract }) => contract.method !== 'GET' && !contract.who.includes('signed'),
  );
  test.each(writes)('$title refuses each of them', async (endpoint) => {
    const { contract } = endpoint;
    const headers = contract.who.includes('user')
      ? (await company.as('owner')).headers
      : contract.who.includes('key')
        ? (await company.key()).headers
        : { 'x-internal-secret': env().INTERNAL_API_SECRET };
    const declared = Object.keys(contract.input.shape);
    const fields = forbiddenFields.filter((name) => !declared.includes(name));
    const given = Object.fromEntries(fields.map((name) => [name, 'x']));
    const { takesBody } = contract;
    const inQuery = takesBody ? contract.inQuery : fields;
    const response = await request(
      { ...endpoint, contract: { ...contract, inQuery } },
      { ...inputOf(endpoint), ...given },
      headers,
    );
    expectFailure(response, 400, 'VALIDATION_FAILED');
    const refused = response.body.details.map(({ path }: { path: string }) => path);
    expect(refused).toEqual(expect.arrayContaining(fields));
  });
});

describe('a parameter that is not known', () => {
  const strict = endpoints.filter(({ contract }) => !contract.who.includes('signed'));
  test.each(strict)('$title names it in a 400', async (endpoint) => {
    const { contract } = endpoint;
    const { headers } = contract.who.includes('user')
      ? await company.as('owner')
      : contract.who.includes('key')
        ? await company.key()
        : { headers: { 'x-internal-secret': env().INTERNAL_API_SECRET } };
    const unknown = { ...inputOf(endpoint), noSuchParameter: '1' };
    const response = await request(
      { ...endpoint, contract: { ...contract, inQuery: [...contract.inQuery, 'noSuchParameter'] } },
      unknown,
      headers,
    );
    expectFailure(response, 400, 'VALIDATION_FAILED');
    expect(response.body.details).toContainEqual({
      path: 'noSuchParameter',
      message: 'is not a known field',
    });
  });
});

describe('the request id', () => {
  test.each(guarded.slice(0, 3))('$title keeps a sane one and replaces another', async (endpoint) => {
    const kept = await request(endpoint, inputOf(endpoint), { 'x-request-id': 'trace-42' });
    expect(kept.headers.get('x-request-id')).toBe('trace-42');
    const replaced = await request(endpoint, inputOf(endpoint), { 'x-request-id': 'no spaces, please' });
    expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('what is generated', () => {
  test('is up to date: else run npm run generate', async () => {
    expect(await staleFiles(await generatedFiles(found))).toEqual([]);
  });

  test('is the same each time', async () => {
    expect(await generatedFiles(found)).toEqual(await generatedFiles(await discover()));
  });

  test('holds a valid OpenAPI 3.1 document of every endpoint', async () => {
    const document = openapiOf(found) as { paths: Record<string, Record<string, { operationId: string }>> };
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations).toHaveLength(endpoints.length);
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids).toEqual([...new Set(ids)]);
  });
});
