import type { Endpoint } from '../endpoint.ts';
import { env } from '../env.ts';
import { request, type TestResponse } from './company.ts';

/** Calls an endpoint with the internal secret. */
export const internal = (
  endpoint: Pick<Endpoint, 'contract' | 'serve'>,
  input: Record<string, unknown> = {},
): Promise<TestResponse> => request(endpoint, input, { 'x-internal-secret': env().INTERNAL_API_SECRET });
