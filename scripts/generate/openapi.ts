import * as z from 'zod';
import type { UploadType } from '../../functions/_core/contract.ts';
import { Pagination } from '../../functions/_core/database/page.ts';
import { bodySchema, type Contract } from '../../functions/_core/endpoint.ts';
import release from '../../package.json' with { type: 'json' };
import type { Deployable, EndpointModule } from './discover.ts';
import { exampleOf, type JsonSchema } from './example.ts';
import { ErrorBook, ErrorSchema } from './openapi-errors.ts';
import { SchemaBook } from './openapi-schemas.ts';

type Json = Record<string, unknown>;

const camel = (words: string) => words.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const title = (feature: string) => feature.charAt(0).toUpperCase() + feature.slice(1).replaceAll('-', ' ');

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

const headers = {
  'X-Request-Id': { description: 'Yours, when you send a sane one.', schema: { type: 'string' } },
  'X-Total-Count': { description: 'As pagination.total.', schema: { type: 'integer' } },
  'X-Page': { description: 'Which page this is, from 1.', schema: { type: 'integer' } },
  'X-Limit': { description: 'As pagination.limit.', schema: { type: 'integer' } },
  'RateLimit-Limit': { description: 'Requests that the limit lets in.', schema: { type: 'integer' } },
  'RateLimit-Remaining': { description: 'How many of them are left now.', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until all of them are.', schema: { type: 'integer' } },
  'Idempotent-Replayed': {
    description: '`true` where the answer is that of an earlier request with the same Idempotency-Key.',
    schema: { type: 'string' },
  },
};
const refTo = (names: readonly (keyof typeof headers)[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Yours, at most 255 characters: the request has its effect once, however often it is sent, and its first answer is given again for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

interface Parts {
  parameters: Json[];
  body: { properties: Record<string, JsonSchema>; required: string[] };
}

/** Tells the one flat input apart by where each field travels. */
function partsOf(contract: Contract, input: JsonSchema): Parts {
  const inPath = new Set([...contract.path.matchAll(/:(\w+)/g)].map(([, name]) => name));
  const hasBody = contract.takesBody && contract.body !== 'raw';
  const parts: Parts = {
    parameters: contract.takesIdempotencyKey ? [idempotencyKey] : [],
    body: { properties: {}, required: [] },
  };
  for (const [name, given] of Object.entries(input.properties ?? {})) {
    const required = input.required?.includes(name) ?? false;
    if (hasBody && !inPath.has(name) && !contract.inQuery.includes(name)) {
      parts.body.properties[name] = given;
      if (required) parts.body.required.push(name);
      continue;
    }
    const { description, ...schema } = given as JsonSchema & { description?: string };
    parts.parameters.push({
      name,
      in: inPath.has(name) ? 'path' : 'query',
      required: inPath.has(name) || required,
      ...(description ? { description } : {}),
      schema,
    });
  }
  return parts;
}

const kilobytes = (bytes: number): string =>
  bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MB` : `${Math.floor(bytes / 1024)} KB`;

function requestBodyOf(
  contract: Contract,
  input: JsonSchema,
  { body }: Parts,
  { components }: SchemaBook,
): Json | undefined {
  if (contract.body === 'raw') {
    return {
      required: true,
      description: `As the provider signed it; at most ${kilobytes(contract.maxBodyBytes)}.`,
      content: { 'application/json': { schema: {} } },
    };
  }
  if (contract.body === 'upload') {
    const fields = { type: 'object', ...body };
    const file = { type: 'string', contentMediaType: 'application/octet-stream' };
    const schemas: Record<UploadType, Json> = {
      'multipart/form-data': { schema: { ...fields, additionalProperties: file } },
      'text/csv': { schema: { type: 'string' } },
      'application/json': { schema: { ...fields, additionalProperties: false } },
    };
    return {
      required: true,
      description: `At most ${kilobytes(contract.maxBodyBytes)}. Of a form, at most 20 fields and files.`,
      content: Object.fromEntries(contract.accepts.map((type) => [type, schemas[type]])),
    };
  }
  if (Object.keys(body.properties).length === 0) return undefined;
  const schema = { type: 'object', ...body, additionalProperties: false };
  const example = exampleOf(schema, components);
  const whole = { ...(exampleOf(input, components) as Json), ...(example as Json) };
  const fits = contract.input.safeParse(whole).success;
  return {
    required: body.required.length > 0,
    description: `At most ${kilobytes(contract.maxBodyBytes)}, with ${contract.maxKeys} fields in all.`,
    content: { 'application/json': { schema, ...(fits ? { example } : {}) } },
  };
}

function successOf(contract: Contract, schemas: SchemaBook): Json {
  const names: (keyof typeof headers)[] = ['X-Request-Id'];
  if (contract.envelope === 'page') names.push('X-Total-Count', 'X-Page', 'X-Limit');
  if (contract.limit !== 'none') names.push('RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset');
  if (contract.takesIdempotencyKey) names.push('Idempotent-Replayed');
  const mediaType = contract.produces.split(';')[0] ?? contract.produces;
  const hasBody = contract.status !== 204 && (contract.status < 300 || contract.status >= 400);
  return {
    description: contract.summary,
    headers: refTo(names),
    ...(hasBody ? { content: { [mediaType]: { schema: schemas.add(bodySchema(contract), 'output') } } } : {}),
  };
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

function operationOf(
  module: EndpointModule,
  { id, success }: { id: string; success: Json | undefined },
  schemas: SchemaBook,
  errors: ErrorBook,
): Json {
  const { contract, feature } = module;
  const input = schemas.add(contract.input, 'input');
  const parts = partsOf(contract, input);
  const requestBody = requestBodyOf(contract, input, parts, schemas);
  const description = descriptionOf(contract);
  return {
    operationId: id,
    summary: contract.summary,
    ...(description ? { description } : {}),
    tags: [title(feature)],
    security: contract.who.includes('public') ? [] : contract.who.map((who) => ({ [who]: [] })),
    ...(parts.parameters.length > 0 ? { parameters: parts.parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: { [String(contract.status)]: success, ...errors.responsesFor(contract) },
    ...(contract.takesBody ? { 'x-max-body-bytes': contract.maxBodyBytes } : {}),
    ...(contract.role ? { 'x-role': contract.role } : {}),
    ...(contract.scope ? { 'x-scope': contract.scope } : {}),
  };
}

/** `listCalls`; with its feature, where two files have one name. */
function operationIds(endpoints: EndpointModule[]): Map<EndpointModule, string> {
  const uses = new Map<string, number>();
  for (const { stem } of endpoints) uses.set(stem, (uses.get(stem) ?? 0) + 1);
  return new Map(
    endpoints.map((module) => [module, camel((uses.get(module.stem) ?? 0) > 1 ? module.name : module.stem)]),
  );
}

/** The OpenAPI 3.1 document of every endpoint. */
export function openapiOf({ endpoints }: Pick<Deployable, 'endpoints'>): Json {
  z.globalRegistry.add(Pagination, { ...Pagination.meta(), id: 'Pagination' });
  const schemas = new SchemaBook();
  const errors = new ErrorBook();
  const ids = operationIds(endpoints);
  const successes = new Map(endpoints.map((module) => [module, successOf(module.contract, schemas)]));
  const paths: Record<string, Json> = {};
  for (const module of endpoints) {
    const path = module.contract.path.replaceAll(/:(\w+)/g, '{$1}');
    const id = ids.get(module) ?? module.name;
    const operation = operationOf(module, { id, success: successes.get(module) }, schemas, errors);
    paths[path] = { ...paths[path], [module.contract.method.toLowerCase()]: operation };
  }
  const tags = [...new Set(endpoints.map(({ feature }) => title(feature)))].sort();
  return {
    openapi: '3.1.0',
    info: {
      title: 'Trunkline API',
      version: release.version,
      description: `${release.description}\n\nSuccess is \`{ success: true, data }\`, failure \`{ success: false, error, message, code, requestId }\`. Every answer has \`X-Request-Id\`.`,
    },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name })),
    paths,
    components: {
      schemas: sortedByName({ Error: ErrorSchema, ...schemas.components }),
      responses: sortedByName(errors.components),
      headers,
      securitySchemes,
    },
  };
}

const sortedByName = (record: Record<string, unknown>): Json =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
