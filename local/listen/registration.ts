import { connect } from 'node:net';
import * as z from 'zod';
import { nothingRuns, readStackFacts } from '../stack/running-stack.ts';

const Webhook = z.object({ id: z.string(), url: z.string(), description: z.string().nullable() });
const Listed = z.object({ data: z.array(Webhook) });
const Made = z.object({ data: Webhook.extend({ secret: z.string() }) });

/** By which we know our own. */
const description = 'npm run listen';
const noStack = async (dataFolder: string) =>
  `${await nothingRuns('npm run listen', dataFolder)} To receive from elsewhere, give its secret: npm run listen -- 4000 --secret whsec_….`;

export interface Registration {
  /** Of the stack. */
  api: string;
  secret: string;
  /** Takes the webhook away again. */
  remove(): Promise<void>;
}

/** Whether a program listens at this address of this machine. */
const isTaken = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port || 80), timeout: 1_000 });
    const say = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => say(true));
    socket.once('error', () => say(false));
    socket.once('timeout', () => say(false));
  });

/**
 * Makes a webhook of the local stack's demo company that leads here; one that a killed run has left behind goes.
 * @throws Error with one sentence when no stack runs, or it refuses.
 */
export async function register(dataFolder: string, url: string): Promise<Registration> {
  const stack = await readStackFacts(dataFolder);
  if (!stack) throw new Error(await noStack(dataFolder));
  const { url: api, apiKey } = stack;

  async function ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: { 'x-api-key': apiKey, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(10_000),
    }).catch(async (cause: unknown) => {
      throw new Error(await noStack(dataFolder), { cause });
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`The stack at ${api} answered ${response.status}: ${text.slice(0, 500)}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  const { data: known } = Listed.parse(await ask('GET', '/api/webhooks?limit=100'));
  for (const webhook of known) {
    if (webhook.description !== description) continue;
    if (webhook.url === url || !(await isTaken(webhook.url)))
      await ask('DELETE', `/api/webhooks/${webhook.id}`);
  }
  const made = Made.parse(await ask('POST', '/api/webhooks', { url, events: ['*'], description })).data;
  return {
    api,
    secret: made.secret,
    remove: async () => {
      await ask('DELETE', `/api/webhooks/${made.id}`);
    },
  };
}
