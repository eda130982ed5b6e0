import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpHandler } from '#core/http/lambda.ts';
import { callerHeader } from '../../stacks/behind-front.ts';
import { root } from '../generate/discover.ts';
import { behindFrontEntry, bundle } from './bundle.ts';

const folder = `dist/bundle-test-${randomUUID()}`;
const source = 'functions/_generated/fallback.ts';

beforeAll(() =>
  bundle(
    folder,
    new Map([
      ['direct', source],
      ['behind', behindFrontEntry(source)],
    ]),
    '../aws-sdk',
  ),
);
afterAll(() => rm(new URL(folder, root), { recursive: true, force: true }));

test('a function behind the front is bundled with what asks for the front’s word, another without', async () => {
  const textOf = (name: string) => readFile(new URL(`${folder}/${name}.mjs`, root), 'utf8');
  expect(await textOf('behind')).toContain(callerHeader);
  expect(await textOf('direct')).not.toContain(callerHeader);
  const event = {
    rawPath: '/api/webhooks',
    rawQueryString: '',
    headers: {},
    requestContext: { domainName: 'x', http: { method: 'OPTIONS', sourceIp: '192.0.2.1' } },
  } as unknown as APIGatewayProxyEventV2; // the parts of it that are read
  for (const name of ['behind', 'direct']) {
    const module: { handler: HttpHandler } = await import(new URL(`${folder}/${name}.mjs`, root).href);
    const { statusCode, headers } = await module.handler(event, {} as Context);
    expect([statusCode, headers?.allow]).toEqual([204, 'GET, POST, OPTIONS']);
  }
});
