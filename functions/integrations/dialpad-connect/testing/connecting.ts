import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { makeContext } from '#core/context.ts';
import { aCompany, type TestCompany } from '#core/testing/company.ts';
import { internal } from '#core/testing/internal.ts';
import { setSettings } from '#core/testing/settings.ts';
import { dialpadAccount } from '#identity/provider-accounts/public.ts';
import { type DialpadStandIn, startDialpadStandIn } from '#local/providers/dialpad/stand-in.ts';
import * as startAuthorization from '../start-authorization.ts';
import { agreed, returned } from './admin-browser.ts';

export const apiKey = 'dialpad-test-api-key';

/** Dialpad, anew for each test of the file that imports this. */
export const world: {
  dialpad: DialpadStandIn;
  /** How far Dialpad's clock is ahead of ours, to let its tokens expire. */
  aheadMs: number;
  /** The bodies of all requests for tokens. */
  tokenRequests: string[];
} = { dialpad: undefined as unknown as DialpadStandIn, aheadMs: 0, tokenRequests: [] }; // set before each test

beforeEach(async () => {
  world.aheadMs = 0;
  world.tokenRequests = [];
  world.dialpad = await startDialpadStandIn({
    apiKey,
    requestsPerSecond: false,
    now: () => Date.now() + world.aheadMs,
    oauth: { clientId: 'trunkline', clientSecret: 'oauth-secret' },
  });
  setSettings({
    DIALPAD_API_URL: world.dialpad.url,
    DIALPAD_API_KEY: apiKey,
    DIALPAD_CLIENT_ID: 'trunkline',
    DIALPAD_CLIENT_SECRET: 'oauth-secret',
  });
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string | URL, init?: RequestInit) => {
    if (String(url).endsWith('/oauth2/token')) world.tokenRequests.push(String(init?.body));
    return real(url, init);
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await world.dialpad.close();
  setSettings({
    DIALPAD_API_URL: undefined,
    DIALPAD_API_KEY: apiKey,
    DIALPAD_CLIENT_ID: undefined,
    DIALPAD_CLIENT_SECRET: undefined,
  });
});

export const contextOf = (now?: () => Date) =>
  makeContext({
    requestId: randomUUID(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
    ...(now ? { now } : {}),
  });

export const begun = async (appId: string): Promise<string> =>
  (await internal(startAuthorization, { app_id: appId, mode: 'json' })).body.data.authorize_url;

/** A new app that is connected. */
export async function connected(): Promise<Awaited<ReturnType<TestCompany['app']>>> {
  const app = await (await aCompany()).app();
  const answer = await returned(await agreed(await begun(app.appId)));
  expect(answer.body.data).toMatchObject({ app_id: app.appId, connected: true });
  return app;
}

/** The token that Dialpad is reached with for this app. */
export const tokenOf = async (appId: string, now?: () => Date): Promise<string> =>
  (await dialpadAccount(contextOf(now), appId)).token;

/** Whether Dialpad takes a token. */
export async function works(token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${world.dialpad.url}/api/v2/webhooks`, { headers })).status === 200;
}
