import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { roles, scopes } from '#core/callers/caller.ts';
import { pathPattern } from '#core/http/path.ts';
import { aCompany, request, type TestCompany } from '#core/testing/company.ts';
import { endpoints, expectFailure, found, guarded, headersFor, inputOf } from '#core/testing/endpoints.ts';
import { discover } from '../scripts/generate/discover.ts';
import { generatedFiles, staleFiles } from '../scripts/generate/files.ts';
import { openapiOf } from '../scripts/generate/openapi.ts';

/** What is true of every contract, and of what is made of it. Who gets in where is in access.test.ts. */
let company: TestCompany;
beforeAll(async () => {
  company = await aCompany();
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

  test('is a page where it answers HTML: what trackers add to a link is ignored, and failures are pages too', () => {
    const pages = endpoints.filter(({ contract }) => contract.isPage).map(({ title }) => title);
    const html = endpoints.filter(({ contract }) => contract.produces.startsWith('text/html'));
    expect(pages).toEqual(expect.arrayContaining(html.map(({ title }) => title)));
    expect(pages).toHaveLength(html.length + 1); // GET /callback answers JSON to anyone but a browser
  });

  test.each(endpoints)('$title declares the parameters of its path', ({ contract }) => {
    const fields = Object.keys(contract.input.shape);
    expect(fields).toEqual(expect.arrayContaining([...pathPattern(contract.path).names]));
    expect(fields).toEqual(expect.arrayContaining([...contract.inQuery]));
  });
});

describe('a parameter that is not known', () => {
  const strict = endpoints.filter(({ contract }) => !contract.who.includes('signed') && !contract.isPage);
  test.each(strict)('$title names it in a 400', async (endpoint) => {
    const { contract } = endpoint;
    const headers = await headersFor(endpoint, company);
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

describe('a body', () => {
  const taking = endpoints.filter(({ contract }) => contract.takesBody);

  test.each(taking)(
    '$title is refused when it is one byte larger than its contract says',
    async (endpoint) => {
      const { contract } = endpoint;
      const isSigned = contract.who.includes('signed');
      const isOpen = isSigned || contract.who.includes('public');
      const headers = {
        'content-type': 'application/json',
        ...(isOpen ? {} : await headersFor(endpoint, company)),
      };
      const path = contract.path.replaceAll(/:\w+/g, '01930000-0000-7000-8000-0000000000ff');
      const send = async (bytes: number) => {
        const url = `https://api.example.com${path}`;
        const body = Buffer.alloc(bytes, 0x20);
        return (await endpoint.serve(new Request(url, { method: contract.method, headers, body }))).status;
      };
      expect(await send(contract.maxBodyBytes + 1)).toBe(413);
      expect(await send(contract.maxBodyBytes)).toBe(isSigned ? 401 : 400); // blanks are neither signed nor JSON
      expect(contract.maxBodyBytes).toBeGreaterThanOrEqual(isSigned ? 4_000_000 : 65_536);
    },
  );

  test.each(taking.filter(({ contract }) => contract.body === 'json'))(
    '$title is refused when it has one field more than its contract says',
    async (endpoint) => {
      const { contract } = endpoint;
      const isOpen = contract.who.includes('public');
      const fields = Array.from({ length: contract.maxKeys + 1 }, (_, i) => `"k${i}":1`);
      const response = await endpoint.serve(
        new Request(
          `https://api.example.com${contract.path.replaceAll(/:\w+/g, '01930000-0000-7000-8000-0000000000ff')}`,
          {
            method: contract.method,
            headers: {
              'content-type': 'application/json',
              ...(isOpen ? {} : await headersFor(endpoint, company)),
            },
            body: `{${fields.join(',')}}`,
          },
        ),
      );
      expect([response.status, (await response.json()).message]).toEqual([
        400,
        `The body has ${contract.maxKeys + 1} fields: at most ${contract.maxKeys} are taken.`,
      ]);
    },
  );
});

describe('the request id', () => {
  test.each(guarded.slice(0, 3))('$title keeps a sane one and replaces another', async (endpoint) => {
    const kept = await request(endpoint, inputOf(endpoint), { 'x-request-id': 'trace-42' });
    expect(kept.headers.get('x-request-id')).toBe('trace-42');
    const replaced = await request(endpoint, inputOf(endpoint), { 'x-request-id': 'no spaces, please' });
    expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

interface Schema {
  $ref?: string;
  type?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  oneOf?: Schema[];
  anyOf?: Schema[];
}

interface OpenapiDocument {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: Schema }> }> }>
  >;
  components: { schemas: Record<string, unknown> };
}

/** Answers that hold an object without a name of its own, each with the reason. */
const unnamedAnswers: Record<string, string> = {
  'GET /api/openapi.json': 'an OpenAPI document, which OpenAPI describes',
  'POST /internal/bulk/run': 'the ids that were sent, to the deployment itself',
  'POST /internal/deliveries/run': 'the ids that were sent, to the deployment itself',
  'POST /internal/dials/run': 'the ids that were sent, to the deployment itself',
  'POST /internal/documents/run': 'the ids that were sent, to the deployment itself',
  'POST /internal/jobs/run': 'the ids that were sent, to the deployment itself',
  'POST /internal/outbox/run': 'the ids that were sent, to the deployment itself',
};

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

  test('names the schema of every object that an answer holds', () => {
    const { paths } = openapiOf(found) as unknown as OpenapiDocument;
    const answers = endpoints.flatMap(({ contract, title }) => {
      const operation = paths[contract.path.replaceAll(/:(\w+)/g, '{$1}')]?.[contract.method.toLowerCase()];
      const answer = operation?.responses[contract.status]?.content?.['application/json']?.schema;
      return answer ? [{ title, answer: answer.properties?.data ?? answer }] : [];
    });
    const unnamed = answers
      .map(({ title, answer }) => ({ title, schema: answer.items ?? answer }))
      .filter(({ schema }) => !schema.$ref && (schema.type === 'object' || schema.oneOf || schema.anyOf))
      .map(({ title }) => title);
    expect(answers.length).toBeGreaterThan(140);
    expect(unnamed.sort()).toEqual(Object.keys(unnamedAnswers).sort());
  });

  test('gives each schema one name, as a class is named, that something refers to', () => {
    const document = openapiOf(found) as unknown as OpenapiDocument;
    const names = Object.keys(document.components.schemas);
    expect(names.filter((name) => !/^[A-Z][A-Za-z0-9]*$/.test(name))).toEqual([]);
    const asFiles = names.map((name) => name.toLowerCase()); // a client's generator writes a file for each
    expect(asFiles).toEqual([...new Set(asFiles)]);
    const referred = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    expect([...new Set([...referred].map(([, name]) => name))].sort()).toEqual(names.sort());
  });

  test('tells of a role where people are taken, and of a scope where keys are', () => {
    const { paths } = openapiOf(found) as {
      paths: Record<string, Record<string, { summary: string; description?: string }>>;
    };
    const told = Object.values(paths).flatMap((path) => Object.values(path));
    const claims = (text: string) =>
      told.filter(({ description = '' }) => description.includes(text)).map(({ summary }) => summary);
    const those = (who: 'user' | 'key', has: 'role' | 'scope') =>
      endpoints
        .filter(({ contract }) => contract.who.includes(who) && contract[has])
        .map(({ contract }) => contract.summary);
    expect(claims('A person needs the role').sort()).toEqual(those('user', 'role').sort());
    expect(claims('A key needs the scope').sort()).toEqual(those('key', 'scope').sort());
    expect(those('user', 'role').length).toBeGreaterThan(20);
  });
});
