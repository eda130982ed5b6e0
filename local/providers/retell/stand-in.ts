import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Account, type RunOptions } from './account.ts';
import type { StandInAgent } from './agents.ts';
import { apiRoutes } from './api.ts';
import { controlRoutes } from './controls.ts';
import { Faults, type RequestLimit } from './faults.ts';
import type { LifecycleKind } from './lifecycle-kinds.ts';
import type { WireCall } from './lifecycles.ts';
import { Refusal } from './refusal.ts';
import { type Answer, findRoute } from './routes.ts';
import { type WebhookDelivery, webhookSender } from './webhook-sender.ts';

export interface RetellStandInOptions {
  /** 0, the default, for any that is free. */
  port?: number;
  host?: string;
  /** What clients show as a Bearer token, and what webhooks are signed with. */
  apiKey: string;
  /** The same seed and hour give the same past calls. */
  seed?: number;
  now?: () => number;
  /** How many calls the past has. */
  calls?: number;
  webhookUrl?: string;
  /** What agents without `webhook_events` send. Retell's default: call_started, call_ended, call_analyzed. */
  webhookEvents?: readonly string[];
  /** Retell's is 10 s. */
  webhookTimeoutMs?: number;
  /** Retell does not say what its is. */
  webhookRetryDelayMs?: number;
  /** Times real time, for calls that create-phone-call places. Without it they are over at once. */
  callSpeed?: number;
  requestLimit?: RequestLimit;
}

/** Another Retell account: what its key reaches, and no other key does. */
export interface RetellAccount {
  apiKey: string;
  agentIds: readonly string[];
  calls: ReadonlyMap<string, WireCall>;
  setWebhookUrl(url: string | undefined): void;
  readonly webhookUrl: string | undefined;
  run(kind: LifecycleKind, options?: RunOptions): { call: WireCall; done: Promise<void> };
  /** Deletes an agent, as its owner does in Retell's dashboard. */
  deleteAgent(agentId: string): void;
  /** Whether the account's API answers 500 from here on. */
  breakApi(isBroken: boolean): void;
}

export interface RetellStandIn {
  url: string;
  apiKey: string;
  /** By id, as get-call has them. */
  calls: ReadonlyMap<string, WireCall>;
  /** Every attempt at a webhook, the first one first. */
  deliveries: readonly WebhookDelivery[];
  faults: Faults;
  /** Where webhooks go; undefined for nowhere. */
  setWebhookUrl(url: string | undefined): void;
  /** Whether webhooks are dropped, as in an outage. */
  loseWebhooks(lose: boolean): void;
  /** Makes a call happen; `done` settles when its last webhook was tried once. */
  run(kind: LifecycleKind, options?: RunOptions): { call: WireCall; done: Promise<void> };
  /** Opens another account. Of several keys that reach one account, each is given with the agents of the first. */
  addAccount(account?: {
    apiKey?: string;
    agentIds?: readonly string[];
    calls?: number;
    seed?: number;
  }): RetellAccount;
  /** Another key of the first account. */
  addKey(): string;
  /** The agents of the first account. */
  agentIds(): string[];
  /** Settles when no call runs and no webhook is left to repeat. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const longestBody = 1_000_000;

/** Starts a server that speaks Retell's wire protocol, for tests, demonstrations and benchmarks without an account. */
export async function startRetellStandIn(options: RetellStandInOptions): Promise<RetellStandIn> {
  const { port = 0, host = '127.0.0.1', apiKey, seed = 1, now = Date.now } = options;
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every call that takes its time waits on it
  const sender = webhookSender({
    apiKey,
    now,
    timeoutMs: options.webhookTimeoutMs ?? 10_000,
    retryDelayMs: options.webhookRetryDelayMs ?? 1_000,
    stopped: stop.signal,
  });
  const account = new Account({
    seed,
    now,
    sender,
    pastCallCount: options.calls ?? 150,
    stopped: stop.signal,
    webhookUrl: options.webhookUrl,
    webhookEvents: options.webhookEvents,
  });
  const faults = new Faults(options.requestLimit);
  const api = apiRoutes(account, faults, options.callSpeed);
  const controls = controlRoutes(account, faults, sender.deliveries);
  type Routes = ReturnType<typeof apiRoutes>;
  const others = new Map<string, { api: Routes; controls: Routes; isBroken: boolean }>();

  function addAccount(given: Parameters<RetellStandIn['addAccount']>[0] = {}): RetellAccount {
    const ownKey = given.apiKey ?? `key_${randomBytes(14).toString('hex')}`;
    const agentIds = given.agentIds ?? [1, 2].map(() => `agent_${randomBytes(8).toString('hex')}`);
    const agents = agentIds.map(
      (agentId, index): StandInAgent => ({
        agentId,
        name: `Agent ${index + 1}`,
        version: 1,
        number: `+1415556${String(1000 + index)}`,
      }),
    );
    const own = new Account({
      seed: given.seed ?? randomBytes(4).readUInt32BE(),
      now,
      sender: webhookSender({
        ...{ apiKey: ownKey, now, timeoutMs: options.webhookTimeoutMs ?? 10_000, stopped: stop.signal },
        retryDelayMs: options.webhookRetryDelayMs ?? 1_000,
      }),
      pastCallCount: given.calls ?? 0,
      stopped: stop.signal,
      webhookUrl: undefined,
      webhookEvents: options.webhookEvents,
      agents,
    });
    const entry = {
      api: apiRoutes(own, faults, options.callSpeed),
      controls: controlRoutes(own, faults, sender.deliveries),
      isBroken: false,
    };
    others.set(ownKey, entry);
    return {
      apiKey: ownKey,
      agentIds,
      calls: own.calls,
      get webhookUrl() {
        return own.webhookUrl;
      },
      setWebhookUrl(url) {
        own.webhookUrl = url;
      },
      run: (kind, runOptions) => own.run(kind, runOptions),
      deleteAgent: (agentId) => void own.agents.delete(agentId),
      breakApi(isBroken) {
        entry.isBroken = isBroken;
      },
    };
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
    const isControl = pathname.startsWith('/_standin/');
    const text = await bodyOf(request);
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const other = others.get(bearer);
    if (!isControl) {
      if (bearer !== apiKey && !other) throw new Refusal(401, 'Invalid API key');
      if (other?.isBroken) throw new Refusal(500, 'Internal server error');
      faults.check(now());
    }
    const routes = isControl ? (other?.controls ?? controls) : (other?.api ?? api);
    const match = findRoute(routes, request.method ?? 'GET', pathname);
    if (!match) throw new Refusal(404, `Cannot ${request.method} ${pathname}`);
    return match.route({ id: match.id, query: searchParams, body: jsonOf(text), nowMs: now() });
  }

  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, json }) => reply(response, status, json),
      (error: unknown) => {
        const refusal = error instanceof Refusal ? error : new Refusal(500, String(error));
        reply(response, refusal.status, { status: 'error', message: refusal.message }, refusal.headers);
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const usedPort = typeof address === 'object' && address ? address.port : port;

  return {
    url: `http://${host}:${usedPort}`,
    apiKey,
    calls: account.calls,
    deliveries: sender.deliveries,
    faults,
    setWebhookUrl(url) {
      account.webhookUrl = url;
    },
    loseWebhooks(lose) {
      account.losesWebhooks = lose;
    },
    run: (kind, runOptions) => account.run(kind, runOptions),
    addAccount,
    addKey() {
      const key = `key_${randomBytes(14).toString('hex')}`;
      others.set(key, { api, controls, isBroken: false });
      return key;
    },
    agentIds: () => [...account.agents.keys()],
    idle: () => account.idle(),
    close() {
      stop.abort();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > longestBody) throw new Refusal(413, 'Body too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'Invalid JSON');
  }
}

function reply(
  response: ServerResponse,
  status: number,
  json: unknown,
  headers: Record<string, string> = {},
) {
  const text = json === undefined ? '' : JSON.stringify(json);
  response.writeHead(status, { ...(text && { 'content-type': 'application/json' }), ...headers });
  response.end(text);
}
