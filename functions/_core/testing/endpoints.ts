import { expect } from 'vitest';
import * as z from 'zod';
import { discover, type EndpointModule, root } from '../../../scripts/generate/discover.ts';
import { exampleOf, type JsonSchema } from '../../../scripts/generate/example.ts';
import type { Endpoint } from '../endpoint.ts';
import { env } from '../env.ts';
import type { TestCompany, TestResponse } from './company.ts';

/** Every endpoint with its contract and its ways of answering, for the tests that hold for all of them. */
export const found = await discover();
export const endpoints = await Promise.all(
  found.endpoints.map(async (module) => {
    const loaded: Endpoint = await import(/* @vite-ignore */ new URL(module.file, root).href);
    return {
      ...module,
      serve: loaded.serve,
      handler: loaded.handler,
      title: `${module.contract.method} ${module.contract.path}`,
    };
  }),
);
export type Tested = (typeof endpoints)[number];

const isOpen = ({ contract }: EndpointModule) =>
  contract.who.includes('public') || contract.who.includes('signed');
export const guarded = endpoints.filter((endpoint) => !isOpen(endpoint));
export const takes = (who: 'user' | 'key') => guarded.filter(({ contract }) => contract.who.includes(who));

/** An input that most likely fits; with ids of nothing. */
export function inputOf({ contract }: Tested): Record<string, unknown> {
  const schema = z.toJSONSchema(contract.input, { io: 'input', unrepresentable: 'any' });
  return exampleOf(schema as JsonSchema, schema.$defs) as Record<string, unknown>;
}
export const fits = (endpoint: Tested) => endpoint.contract.input.safeParse(inputOf(endpoint)).success;

export function expectFailure(response: TestResponse, status: number, code: string): void {
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

/** Headers of the likeliest caller that the endpoint takes: the company's owner, a key with every scope, an operator. */
export async function headersFor(
  { contract }: Tested,
  company: TestCompany,
): Promise<Record<string, string>> {
  if (contract.who.includes('user')) return (await company.as('owner')).headers;
  if (contract.who.includes('key')) return (await company.key()).headers;
  return { 'x-internal-secret': env().INTERNAL_API_SECRET };
}
