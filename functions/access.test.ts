import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { roles, scopes } from '#core/callers/caller.ts';
import { signAccessToken } from '#core/callers/tokens.ts';
import { pathPattern } from '#core/http/path.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, request, type TestCompany, type TestResponse } from '#core/testing/company.ts';
import {
  endpoints,
  expectFailure,
  fits,
  guarded,
  headersFor,
  inputOf,
  type Tested,
  takes,
} from '#core/testing/endpoints.ts';
import { setSettings } from '#core/testing/settings.ts';
import { makerFor } from '../db/tests/world.ts';

/** Who gets in where, on every endpoint and platform: no endpoint can forget a test that it need not write. */
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
    const headers = await headersFor(endpoint, company);
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
    const headers = await headersFor(endpoint, company);
    const declared = Object.keys(contract.input.shape);
    const fields = forbiddenFields.filter((name) => !declared.includes(name));
    const { takesBody } = contract;
    const refused: string[] = [];
    for (let i = 0; i < fields.length; i += 10) {
      const some = fields.slice(i, i + 10); // as many as are named
      const response = await request(
        { ...endpoint, contract: { ...contract, inQuery: takesBody ? contract.inQuery : some } },
        { ...inputOf(endpoint), ...Object.fromEntries(some.map((name) => [name, 'x'])) },
        headers,
      );
      expectFailure(response, 400, 'VALIDATION_FAILED');
      refused.push(...response.body.details.map(({ path }: { path: string }) => path));
    }
    expect(refused).toEqual(expect.arrayContaining(fields));
  });
});

describe('a person whose e-mail address is not proved', () => {
  const careful = people.filter(
    ({ contract }) =>
      contract.errors.includes('EMAIL_NOT_VERIFIED') && contract.permission !== 'platform:manage',
  );
  /** Where only some of the fields need the proof: one of those. */
  const given: Record<string, (company: TestCompany) => Record<string, unknown>> = {
    'PUT /api/companies/:id': ({ id }) => ({ id, ipAllowlist: ['203.0.113.0/24'] }),
    'PUT /api/settings': () => ({ integrations: { razorpay: { keySecret: 'a-secret-of-razorpay' } } }),
    'PUT /api/settings/company/:companyId': ({ id }) => ({
      companyId: id,
      integrations: { razorpay: { keySecret: 'a-secret-of-razorpay' } },
    }),
  };

  test('is told so by all that need the proof', () => {
    expect(careful.length).toBeGreaterThan(7);
  });

  test.each(careful)('$title answers 403', async (endpoint) => {
    const acme = await aCompany();
    const owner = await acme.as('owner');
    await adminSql()`update users set email_verified_at = null where id = ${owner.id}`;
    const input = given[endpoint.title]?.(acme) ?? inputOf(endpoint);
    expectFailure(await owner.request(endpoint, input), 403, 'EMAIL_NOT_VERIFIED');
  });
});
