import { describe, expect, test } from 'vitest';
import { bodySchema } from '../../functions/_core/endpoint.ts';
import { bodySchemaOf, type EventType } from '../../functions/outgoing/webhooks/shared/catalogue.ts';
import { makeWebhookSecret, signatureHeaders } from '../../functions/outgoing/webhooks/shared/signing.ts';
import { IncomingEvent } from '../../functions/providers/incoming/event.ts';
import { discover } from './discover.ts';
import { openapiOf } from './openapi.ts';

interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  description?: string;
  example?: unknown;
}
type Content = Record<string, { schema: { $ref?: string }; example?: unknown }>;
interface Answer {
  $ref?: string;
  headers?: Record<string, unknown>;
  content?: Content;
}
interface Operation {
  operationId: string;
  description?: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, Answer>;
}
interface Document {
  info: { description: string };
  tags: { name: string; description: string }[];
  'x-tagGroups': { name: string; tags: string[] }[];
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, { post: Operation }>;
  components: { parameters: Record<string, Parameter>; responses: Record<string, Answer> };
}

const found = await discover();
const document = openapiOf(found) as unknown as Document; // its own form, as the validator's test holds
const operations = found.endpoints.map(({ contract }) => {
  const operation =
    document.paths[contract.path.replaceAll(/:(\w+)/g, '{$1}')]?.[contract.method.toLowerCase()];
  if (!operation) throw new Error(`${contract.method} ${contract.path} is not in the document.`);
  return { contract, operation, title: operation.operationId };
});
const sent = Object.entries(document.webhooks).map(([type, { post }]) => ({ type: type as EventType, post }));

const resolved = (parameter: Parameter): Parameter =>
  document.components.parameters[parameter.$ref?.split('/').at(-1) ?? ''] ?? parameter;

describe('the examples of the document', () => {
  const answers = operations.flatMap(({ contract, operation, title }) =>
    Object.entries(operation.responses[contract.status]?.content ?? {}).map(([type, { example }]) => ({
      ...{ title, type, example, contract },
    })),
  );
  const bodies = operations.flatMap(({ contract, operation, title }) =>
    Object.entries(operation.requestBody?.content ?? {}).map(([type, { example }]) => ({
      ...{ title, type, example, contract, operation },
    })),
  );

  test.each(answers)('$title answers one that its own schema takes', ({ type, example, contract }) => {
    expect(example).toBeDefined();
    if (type === 'application/json') expect(bodySchema(contract).safeParse(example).error).toBeUndefined();
    else expect(example).toEqual(expect.stringMatching(/\S/));
  });

  test.each(bodies)(
    '$title is sent one that its contract takes',
    ({ type, example, contract, operation }) => {
      expect(example).toBeDefined();
      if (contract.body === 'raw' || type !== 'application/json') return;
      const given = (operation.parameters ?? [])
        .map(resolved)
        .filter((parameter) => parameter.example !== undefined)
        .map((parameter) => [parameter.name, parameter.example]);
      const whole = { ...Object.fromEntries(given), ...(example as object) };
      expect(contract.input.safeParse(whole).error).toBeUndefined();
    },
  );

  test.each(sent)('of $type is an event as it is sent', ({ type, post }) => {
    const example = post.requestBody?.content['application/json']?.example;
    expect(bodySchemaOf(type).strict().safeParse(example).error).toBeUndefined();
  });

  test('of a company’s own event is one that is understood', () => {
    const incoming = operations.find(({ title }) => title === 'receiveIncoming')?.operation;
    expect(IncomingEvent.safeParse(incoming?.requestBody?.content['application/json']?.example).success).toBe(
      true,
    );
  });

  test('tell of one world: a call has one id everywhere', () => {
    const example = (id: string) =>
      answers.find(({ title }) => title === id)?.example as { data: Record<string, unknown>[] };
    const [listed] = example('listCalls').data;
    const got = example('getCall').data as unknown as Record<string, unknown>;
    expect(got).toMatchObject(listed ?? {});
    expect(example('listVoicemails').data[0]).toMatchObject({
      companyId: got.companyId,
      callId: got.id,
      from: got.from,
    });
    const analyzed = sent.find(({ type }) => type === 'call.analyzed')?.post.requestBody;
    expect(analyzed?.content['application/json']?.example).toMatchObject({
      data: { id: got.id, summary: got.summary, agentId: got.agentId },
    });
  });

  test('are the same each time', () => {
    expect(openapiOf(found)).toEqual(document);
  });
});

describe('the document', () => {
  test('describes every operation, parameter and tag', () => {
    const bare = operations.flatMap(({ title, operation }) => [
      ...(operation.description ? [] : [title]),
      ...(operation.parameters ?? [])
        .map(resolved)
        .filter(({ description }) => !description)
        .map(({ name }) => `${title}: ${name}`),
    ]);
    expect(bare).toEqual([]);
    expect(document.tags.filter(({ description }) => description.length < 20)).toEqual([]);
    const used = new Set(
      [...operations, ...sent.map(({ post }) => ({ operation: post }))].flatMap(
        ({ operation }) => operation.tags,
      ),
    );
    expect(document.tags.map(({ name }) => name).sort()).toEqual([...used].sort());
    expect(document['x-tagGroups'].flatMap(({ tags }) => tags)).toEqual(
      document.tags.map(({ name }) => name),
    );
  });

  test('stands in the order of use: people log in before they list, and list before they get', () => {
    const order = Object.values(document.paths)
      .flatMap((path) => Object.values(path))
      .map(({ operationId }) => operationId);
    const inOrder = [
      'register',
      'login',
      'listCalls',
      'getCall',
      'createWebhook',
      'listDeliveries',
      'createApp',
      'getHealth',
    ];
    expect(order.filter((id) => inOrder.includes(id))).toEqual(inOrder);
  });

  test('says how long to wait wherever the server does', () => {
    for (const [name, { headers }] of Object.entries(document.components.responses)) {
      expect(headers, name).toHaveProperty('X-Request-Id');
      if (/RATE_LIMITED|UNAVAILABLE|ACCOUNT_LOCKED/.test(name))
        expect(headers, name).toHaveProperty('Retry-After');
      if (name.includes('RATE_LIMITED')) expect(headers).toHaveProperty('RateLimit-Reset');
    }
    for (const { operation } of operations) expect(operation.responses).toHaveProperty('429');
  });

  test('shows every event that is sent, with the headers that it is known by', () => {
    expect(sent.map(({ type }) => type)).toContain('call.completed');
    for (const { post } of sent)
      expect((post.parameters ?? []).map((parameter) => resolved(parameter).name)).toEqual([
        ...['webhook-id', 'webhook-timestamp', 'webhook-signature'],
      ]);
  });
});

describe('the introduction', () => {
  const text = document.info.description;

  test('names only what is there', () => {
    const named = [...text.matchAll(/(?:(GET|POST|PUT|DELETE) |\$BASE)(\/[\w/{}-]+)/g)].map(
      ([, , path = '']) => path,
    );
    expect(named.length).toBeGreaterThan(6);
    expect(named.filter((path) => !document.paths[path])).toEqual([]);
  });

  test('has code that knows our deliveries, and no others', async () => {
    const code = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const module: { isOurs(headers: unknown, body: string, secret: string): boolean } = await import(
      /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
    );
    const [secret, older] = [makeWebhookSecret(), makeWebhookSecret()];
    const body = '{"type":"call.completed"}';
    const headersAt = (at: Date, secrets: string[]) =>
      signatureHeaders({ id: '019a8c30-0001-7000-8000-6d0f3c2b1a00', at, body }, secrets);
    const headers = headersAt(new Date(), [secret]);
    expect(module.isOurs(headers, body, secret)).toBe(true);
    expect(module.isOurs(headersAt(new Date(), [older, secret]), body, secret)).toBe(true);
    expect(module.isOurs(headers, body.replace('completed', 'missed'), secret)).toBe(false);
    expect(module.isOurs(headers, body, older)).toBe(false);
    expect(module.isOurs(headersAt(new Date(Date.now() - 3_600_000), [secret]), body, secret)).toBe(false);
    expect(module.isOurs({}, body, secret)).toBe(false);
  });
});
