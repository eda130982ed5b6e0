import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { UploadType } from '../../functions/_core/contract.ts';
import { Pagination, pageInput } from '../../functions/_core/database/page.ts';
import { bodySchema, type Contract } from '../../functions/_core/endpoint.ts';
import { IncomingEvent } from '../../functions/providers/incoming/event.ts';
import release from '../../package.json' with { type: 'json' };
import type { Deployable, EndpointModule } from './discover.ts';
import type { JsonSchema } from './example.ts';
import { ErrorBook, ErrorDetailSchema, ErrorSchema } from './openapi-errors.ts';
import { ExampleMaker } from './openapi-examples.ts';
import { operationIds, pascal } from './openapi-names.ts';
import { SchemaBook } from './openapi-schemas.ts';
import { inOrderOfUse, tagOf, tagsFor } from './openapi-tags.ts';
import { webhookParameters, webhooksOf, webhookTag } from './openapi-webhooks.ts';
import { idOf } from './openapi-world.ts';

type Json = Record<string, unknown>;

const introduction = readFileSync(new URL('./openapi-introduction.md', import.meta.url), 'utf8');

const securitySchemes = {
  user: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token, from login or refresh.',
  },
  key: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'An app’s key; also taken as `x-app-api-key`, or as `Authorization: Bearer raw_…`.',
  },
  internal: {
    type: 'apiKey',
    in: 'header',
    name: 'x-internal-secret',
    description: 'INTERNAL_API_SECRET; also taken as `Authorization: Bearer …`.',
  },
  signed: {
    type: 'apiKey',
    in: 'header',
    name: 'x-signature',
    description:
      'A provider’s signature over the raw body. Its header has the provider’s own name, or the body is the signed token itself.',
  },
};

const whole = { type: 'integer', format: 'int32' };
const headers = {
  'X-Request-Id': {
    description:
      'The id of this request: your own, where you sent one of at most 128 letters, digits and `.:_-`.',
    schema: { type: 'string', maxLength: 128 },
  },
  'X-Total-Count': { description: 'The same as `pagination.total`.', schema: { ...whole, format: 'int64' } },
  'X-Page': { description: 'The number of this page, from 1.', schema: whole },
  'X-Limit': { description: 'The same as `pagination.limit`.', schema: whole },
  'RateLimit-Limit': { description: 'How many requests the tightest limit lets in.', schema: whole },
  'RateLimit-Remaining': { description: 'How many of them are left now.', schema: whole },
  'RateLimit-Reset': { description: 'Seconds until all of them are there again.', schema: whole },
  'Retry-After': {
    description: 'Seconds to wait before the request is sent again. A 503 for want of a setting has none.',
    schema: whole,
  },
  Location: { description: 'Where to go.', schema: { type: 'string', format: 'uri-reference' } },
  'Idempotent-Replayed': {
    description: '`true` where the answer is that of an earlier request with the same Idempotency-Key.',
    schema: { type: 'string', enum: ['true'] },
  },
};
const refTo = (names: readonly (keyof typeof headers)[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A key of your own: the request has its effect once, however often it is sent with it, and its first answer is given again for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

/** The parameters that many operations share, by their names in `components`. */
function sharedParameters(schemas: SchemaBook): Map<string, Json> {
  const { properties = {} } = schemas.add(pageInput, 'input');
  const paging = Object.entries(properties).map(([name, schema]): [string, Json] => [
    pascal(name),
    queryParameter(name, schema, false),
  ]);
  return new Map([...paging, ['IdempotencyKey', idempotencyKey]]);
}

function queryParameter(name: string, given: JsonSchema, required: boolean): Json {
  const { description, ...schema } = given as JsonSchema & { description?: string };
  return { name, in: 'query', required, ...(description ? { description } : {}), schema };
}

interface Parts {
  parameters: Json[];
  body: { properties: Record<string, JsonSchema>; required: string[] };
}

/** What belongs to the whole document while its operations are made. */
interface Books {
  schemas: SchemaBook;
  errors: ErrorBook;
  examples: ExampleMaker;
  parameters: ReadonlyMap<string, Json>;
}

interface Operation {
  module: EndpointModule;
  id: string;
  books: Books;
}

const pagingLast = ['sortBy', 'sortOrder', 'limit', 'cursor', 'page', 'offset', 'Idempotency-Key'];
const places = ['path', 'query', 'header'];

/** Path, filters, then the parameters that every list has. */
function inReadingOrder(a: Json, b: Json): number {
  const rank = ({ in: place, name }: Json) =>
    places.indexOf(String(place)) * 100 + pagingLast.indexOf(String(name)) + 1;
  return rank(a) - rank(b);
}

/** The id of the call: what a parameter of a path is the id of, where its contract says no more. */
function pathParameter(name: string, given: JsonSchema, { module, id, books }: Operation): Json {
  const { description, ...schema } = given as JsonSchema & { description?: string };
  const { noun } = tagOf(module);
  const named = /^(\w+?)(?:Id|_id)$/.exec(name)?.[1];
  const what =
    name === 'id' ? noun : named?.replaceAll('_', ' ').replaceAll(/[A-Z]/g, (a) => ` ${a.toLowerCase()}`);
  const isId = schema.format === 'uuid' && name === 'id';
  const ids: Readonly<Record<string, string>> = { person: 'user', 'API key': 'key' };
  return {
    name,
    in: 'path',
    required: true,
    description: description ?? (what === undefined ? undefined : `The id of the ${what}.`),
    schema,
    example: isId
      ? idOf(ids[noun] ?? noun)
      : books.examples.make(schema, { owner: id, field: name, isWhole: true }),
  };
}

/** Tells the one flat input apart by where each field travels. */
function partsOf(operation: Operation, input: JsonSchema): Parts {
  const { contract } = operation.module;
  const inPath = new Set([...contract.path.matchAll(/:(\w+)/g)].map(([, name]) => name));
  const hasBody = contract.takesBody && contract.body !== 'raw';
  const parts: Parts = {
    parameters: contract.takesIdempotencyKey ? [idempotencyKey] : [],
    body: { properties: {}, required: [] },
  };
  for (const [name, given] of Object.entries(input.properties ?? {})) {
    const required = input.required?.includes(name) ?? false;
    if (inPath.has(name)) parts.parameters.push(pathParameter(name, given, operation));
    else if (!hasBody || contract.inQuery.includes(name))
      parts.parameters.push({
        ...queryParameter(name, given, required),
        ...(required
          ? {
              example: operation.books.examples.make(given, {
                owner: operation.id,
                field: name,
                isWhole: true,
              }),
            }
          : {}),
      });
    else {
      parts.body.properties[name] = given;
      if (required) parts.body.required.push(name);
    }
  }
  parts.parameters.sort(inReadingOrder);
  return parts;
}

/** The parameters, those that others have too by reference. */
function shared(parameters: readonly Json[], known: ReadonlyMap<string, Json>): Json[] {
  return parameters.map((parameter) => {
    for (const [name, other] of known)
      if (isDeepStrictEqual(parameter, other)) return { $ref: `#/components/parameters/${name}` };
    return parameter;
  });
}

const kilobytes = (bytes: number): string =>
  bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MB` : `${Math.floor(bytes / 1024)} KB`;

/** Bodies that a provider signs, and whose schema is the provider’s own: an example each. */
const signedExamples: Readonly<Record<string, unknown>> = {
  'receive-incoming': {
    id: 'evt_1',
    type: 'call.ended',
    occurredAt: '2026-03-02T09:34:45.900Z',
    data: {
      callId: '42',
      direction: 'inbound',
      from: '+14155550101',
      to: '+14155550199',
      startedAt: '2026-03-02T09:30:00.000Z',
      endedAt: '2026-03-02T09:34:45.900Z',
    },
  },
  'receive-retell': {
    event: 'call_ended',
    call: {
      call_id: 'call_4fd8a3b1c27e90a6d5b8e1f20c7',
      agent_id: 'agent_3b946b59f6b0e8a7d1',
      call_status: 'ended',
      start_timestamp: 1772443800000,
      end_timestamp: 1772444085900,
    },
  },
  'receive-dialpad': 'eyJhbGciOiJIUzI1NiJ9.eyJzdGF0ZSI6Imhhbmd1cCJ9.c2lnbmF0dXJl',
};

function requestBodyOf(operation: Operation, input: JsonSchema, { body }: Parts): Json | undefined {
  const { module, id, books } = operation;
  const { contract } = module;
  if (contract.body === 'raw') {
    const schema =
      module.stem === 'receive-incoming'
        ? books.schemas.name('IncomingEvent', books.schemas.add(IncomingEvent, 'input'))
        : { description: 'As the provider describes it.' };
    const example = signedExamples[module.stem];
    return {
      required: true,
      description: `As the provider signed it; at most ${kilobytes(contract.maxBodyBytes)}.`,
      content: { 'application/json': { schema, ...(example ? { example } : {}) } },
    };
  }
  if (contract.body === 'upload') {
    const fields = { type: 'object', ...body };
    const file = { type: 'string', contentMediaType: 'application/octet-stream' };
    const schemas: Record<UploadType, Json> = {
      'multipart/form-data': { schema: { ...fields, additionalProperties: file } },
      'text/csv': { schema: { type: 'string' }, example: 'name,phone\nAda Byron,+14155550142\n' },
      'application/json': { schema: { ...fields, additionalProperties: false } },
    };
    return {
      required: true,
      description: `At most ${kilobytes(contract.maxBodyBytes)}. Of a form, at most 20 fields and files.`,
      content: Object.fromEntries(contract.accepts.map((type) => [type, schemas[type]])),
    };
  }
  if (Object.keys(body.properties).length === 0) return undefined;
  const { required, ...rest } = body;
  const schema = {
    type: 'object',
    ...rest,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
  const example = bodyExample(operation, input, schema);
  return {
    required: body.required.length > 0,
    description: `At most ${kilobytes(contract.maxBodyBytes)}, with ${contract.maxKeys} fields in all.`,
    content: {
      'application/json': {
        schema: books.schemas.name(`${pascal(id)}Request`, schema),
        ...(example === undefined ? {} : { example }),
      },
    },
  };
}

/** A body that the contract takes: the one it gives, else one with every field, else with those that must be there. */
function bodyExample({ module, id, books }: Operation, input: JsonSchema, schema: JsonSchema): unknown {
  const { contract } = module;
  const make = (of: JsonSchema, isWhole: boolean) => books.examples.make(of, { owner: id, isWhole }) as Json;
  const others = make(input, false);
  const given = (input.examples?.[0] ?? input.example) as Json | undefined;
  const candidates = [...(given ? [given] : []), make(schema, true), make(schema, false)];
  return candidates.find((example) => contract.input.safeParse({ ...others, ...example }).success);
}

/** Answers that are not JSON. */
const texts: Readonly<Record<string, string>> = {
  'text/html': '<!doctype html>\n<html lang="en">…</html>\n',
  'text/javascript': "window.ui = SwaggerUIBundle({ url: '/api/openapi.json' });\n",
  'text/plain':
    '# TYPE http_requests_total counter\nhttp_requests_total{method="GET",path="/api/calls",status="200"} 42\n',
  'text/event-stream': 'id: 1042\nevent: call.completed\ndata: {"type":"call.completed","sequence":1042}\n\n',
};

function successOf({ module, id, books }: Operation): Json {
  const { contract } = module;
  const names: (keyof typeof headers)[] = ['X-Request-Id'];
  if (contract.envelope === 'page') names.push('X-Total-Count', 'X-Page', 'X-Limit');
  if (contract.limit !== 'none') names.push('RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset');
  if (contract.takesIdempotencyKey) names.push('Idempotent-Replayed');
  if (contract.status >= 300 && contract.status < 400) names.push('Location');
  const mediaType = contract.produces.split(';')[0] ?? contract.produces;
  const hasBody = contract.status !== 204 && (contract.status < 300 || contract.status >= 400);
  if (!hasBody) return { description: contract.summary, headers: refTo(names) };
  const schema = pageNamed(books.schemas.add(bodySchema(contract), 'output'), contract, books.schemas);
  const example = texts[mediaType] ?? books.examples.make(schema, { owner: id, isWhole: true });
  return {
    description: contract.summary,
    headers: refTo(names),
    content: { [mediaType]: { schema, example } },
  };
}

/** A list of calls is a `CallPage`. */
function pageNamed(schema: JsonSchema, { envelope }: Contract, schemas: SchemaBook): JsonSchema {
  const { data } = schema.properties ?? {};
  const item = data?.items?.$ref?.split('/').at(-1);
  if (envelope !== 'page' || item === undefined) return schema;
  return schemas.name(`${item}Page`, {
    ...schema,
    properties: { ...schema.properties, data: { ...data, maxItems: 100 } },
  });
}

function descriptionOf({ description, role, scope, self, who }: Contract): string | undefined {
  const needs = [
    role && who.includes('user')
      ? `A person needs the role \`${role}\`${self ? ', unless it is about themselves' : ''}.`
      : '',
    scope && who.includes('key') ? `A key needs the scope \`${scope}\`.` : '',
  ].filter(Boolean);
  return [description, needs.join(' ')].filter(Boolean).join('\n\n') || undefined;
}

function operationOf(operation: Operation, success: Json): Json {
  const { module, id, books } = operation;
  const { contract } = module;
  const input = books.schemas.add(contract.input, 'input');
  const parts = partsOf(operation, input);
  const requestBody = requestBodyOf(operation, input, parts);
  const description = descriptionOf(contract);
  return {
    operationId: id,
    summary: contract.summary,
    ...(description ? { description } : {}),
    tags: [tagOf(module).name],
    security: contract.who.includes('public') ? [] : contract.who.map((who) => ({ [who]: [] })),
    ...(parts.parameters.length > 0 ? { parameters: shared(parts.parameters, books.parameters) } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: { [String(contract.status)]: success, ...books.errors.responsesFor(contract) },
    ...(contract.takesBody ? { 'x-max-body-bytes': contract.maxBodyBytes } : {}),
    ...(contract.role ? { 'x-role': contract.role } : {}),
    ...(contract.scope ? { 'x-scope': contract.scope } : {}),
  };
}

/** The OpenAPI 3.1 document of every endpoint, and of the webhooks that are sent. */
export function openapiOf(found: Pick<Deployable, 'endpoints'>): Json {
  z.globalRegistry.add(Pagination, { ...Pagination.meta(), id: 'Pagination' });
  const endpoints = found.endpoints.toSorted(inOrderOfUse);
  const schemas = new SchemaBook();
  const books: Books = {
    schemas,
    errors: new ErrorBook(),
    examples: new ExampleMaker(schemas.components),
    parameters: sharedParameters(schemas),
  };
  const ids = operationIds(found.endpoints);
  const operations = endpoints.map((module) => ({ module, id: ids.get(module) ?? module.name, books }));
  // Answers before inputs: see SchemaBook.
  const successes = operations.map((operation) => successOf(operation));
  const paths: Record<string, Json> = {};
  for (const [i, operation] of operations.entries()) {
    const { contract } = operation.module;
    const path = contract.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = {
      ...paths[path],
      [contract.method.toLowerCase()]: operationOf(operation, successes[i] ?? {}),
    };
  }
  const webhooks = webhooksOf(schemas);
  const { tags, groups } = tagsFor(new Set(endpoints.map((module) => tagOf(module).name)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Trunkline API',
      version: release.version,
      summary: release.description,
      description: introduction,
      contact: { name: 'Trunkline' },
      license: { name: release.license, identifier: release.license },
    },
    servers: [{ url: '/', description: 'This deployment, production or not', 'x-internal': false }],
    tags: [...tags, webhookTag],
    'x-tagGroups': [...groups, { name: 'Sent to you', tags: [webhookTag.name] }],
    paths,
    webhooks,
    components: {
      schemas: sortedByName({ Error: ErrorSchema, ErrorDetail: ErrorDetailSchema, ...schemas.components }),
      parameters: { ...Object.fromEntries(books.parameters), ...webhookParameters },
      responses: sortedByName(books.errors.components),
      headers,
      securitySchemes,
    },
  };
}

const sortedByName = (record: Record<string, unknown>): Json =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
