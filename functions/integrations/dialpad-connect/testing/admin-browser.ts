import { expect } from 'vitest';
import { request, type TestResponse } from '#core/testing/company.ts';
import * as finishAuthorization from '../finish-authorization.ts';
import * as giveConsent from '../give-consent.ts';

export const ourOrigin = 'https://api.example.com';

/** The state that the address of our consent page carries. */
export function stateOf(consentAddress: string): string {
  const { origin, pathname, searchParams } = new URL(consentAddress);
  expect(origin + pathname).toBe(`${ourOrigin}/authorize/consent`);
  return searchParams.get('state') ?? '';
}

/** Presses the button of our page. @returns Dialpad's address, and the cookie that the browser was given. */
export async function consented(state: string): Promise<{ address: string; cookie: string }> {
  const answer = await request(giveConsent, { state }, { origin: ourOrigin });
  expect(answer.status).toBe(303);
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  return { address: answer.headers.get('location') ?? '', cookie };
}

/** What the browser brings to the callback. */
export interface Return {
  input: Record<string, string>;
  headers: { cookie: string };
}

/** The admin's browser: agrees on our page and at Dialpad, and is sent back. */
export async function agreed(consentAddress: string): Promise<Return> {
  const { address, cookie } = await consented(stateOf(consentAddress));
  const answer = await fetch(address, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? '');
  expect(back.origin + back.pathname).toBe(`${ourOrigin}/callback`);
  return { input: Object.fromEntries(back.searchParams), headers: { cookie } };
}

/** The browser at our callback. */
export const returned = (back: Return, headers: Record<string, string> = {}): Promise<TestResponse> =>
  request(finishAuthorization, back.input, { ...back.headers, ...headers });
