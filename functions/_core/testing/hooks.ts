import { createHmac } from 'node:crypto';
import type { Endpoint } from '../endpoint.ts';
import { readAnswer, type TestResponse } from './company.ts';

const base64url = (text: string) => Buffer.from(text).toString('base64url');

/** A Dialpad event as Dialpad sends it: a compact JWS, HS256. */
export function dialpadBody(event: unknown, secret = process.env.DIALPAD_WEBHOOK_SECRET ?? ''): string {
  const json = typeof event === 'string' ? event : JSON.stringify(event);
  const signed = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(json)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Sends raw bytes to an endpoint, as a provider does. */
export async function post(
  endpoint: Pick<Endpoint, 'contract' | 'serve'>,
  body: string | Buffer,
  options: { path?: string; headers?: Record<string, string>; ip?: string } = {},
): Promise<TestResponse> {
  const path = options.path ?? endpoint.contract.path;
  const pending: Promise<unknown>[] = [];
  const response = await endpoint.serve(
    new Request(`https://api.example.com${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: options.headers ?? {},
    }),
    { waitUntil: (work) => pending.push(work), ...(options.ip === undefined ? {} : { ip: options.ip }) },
  );
  await Promise.all(pending);
  return await readAnswer(response);
}
