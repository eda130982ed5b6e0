import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { env } from '#core/env.ts';
import { aCompany } from '#core/testing/company.ts';
import { post } from '#core/testing/hooks.ts';
import { internal } from '#core/testing/internal.ts';
import { setSettings } from '#core/testing/settings.ts';
import { setInlineRunner } from '#core/work/queue.ts';
import { type DialpadStandIn, startDialpadStandIn } from '#local/providers/dialpad/stand-in.ts';
import { dialpadClient } from '#providers/dialpad/client.ts';
import * as createApp from '../../apps/create-app.ts';
import * as processInbound from '../../inbound/process-inbound.worker.ts';
import * as receiveDialpad from '../../inbound/receive-dialpad.ts';

export const apiKey = 'dialpad-test-api-key';

/** Dialpad, anew for each test of the file that imports this. */
export const world: { dialpad: DialpadStandIn } = { dialpad: undefined as unknown as DialpadStandIn }; // set before each
/** This deployment, as Dialpad reaches it. */
let hooks: Server;

export const client = () =>
  dialpadClient({ token: apiKey, baseUrl: world.dialpad.url, sleep: async () => {} });

interface MadeApp {
  app_id: string;
  company_id: string;
  api_key: string;
}

/** An app of the deployment's default company, which the deployment's Dialpad account is for. */
export const anApp = async (): Promise<MadeApp> =>
  (await internal(createApp, { name: 'Hooked', scopes: ['*'], company_id: env().DEFAULT_COMPANY_ID })).body
    .data;

beforeAll(async () => {
  hooks = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const answer = await post(receiveDialpad, Buffer.concat(chunks), { path: incoming.url ?? '' });
    response.writeHead(answer.status).end(answer.text);
  });
  await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve));
  setInlineRunner(async (_queue, ids) => processInbound.run(ids));
});
beforeEach(async () => {
  world.dialpad = await startDialpadStandIn({ apiKey, requestsPerSecond: false });
  const { port } = hooks.address() as AddressInfo; // it listens on a port
  setSettings({
    DIALPAD_API_URL: world.dialpad.url,
    DIALPAD_API_KEY: apiKey,
    DEFAULT_COMPANY_ID: (await aCompany()).id,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
  });
});
afterEach(async () => world.dialpad.close());
afterAll(async () => {
  setSettings({
    DIALPAD_API_URL: undefined,
    DEFAULT_COMPANY_ID: undefined,
    PUBLIC_URL: 'https://api.example.com',
  });
  hooks.closeAllConnections();
  await new Promise((resolve) => hooks.close(resolve));
});
