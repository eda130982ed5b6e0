import { setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Account, hooksForCall, hooksForSms, newAccount } from './account.ts';
import { answerApi } from './api.ts';
import { type CallRecord, callRecords } from './call-record.ts';
import { answerControl } from './control.ts';
import {
  type Delivery,
  type DeliverySettings,
  deliver,
  dialpadDelivery,
  type Hook,
  hookBody,
} from './delivery.ts';
import { type ApiAnswer, type ApiRequest, readRequest, refusal, send } from './http.ts';
import { KeptState, setUpAgain, setUpIn } from './kept-state.ts';
import type { CallEventPayload } from './leg.ts';
import { type CallKind, type LifecycleOptions, lifecycle } from './lifecycles.ts';
import { oauthServer } from './oauth-server.ts';
import { type Organization, organization } from './organization.ts';
import { type SmsEventPayload, type SmsOptions, smsLifecycle } from './sms-lifecycle.ts';

export interface StandInOptions {
  /** Absent or 0: any free one. */
  port?: number;
  host?: '127.0.0.1';
  /** Of the first call; each further one takes the next. */
  seed?: number;
  apiKey: string;
  oauth?: { clientId: string; clientSecret: string };
  /** Epoch milliseconds; of rate limit, tokens, and when calls without a start of their own begin. */
  now?: () => number;
  /** For the whole company; false for none. Dialpad's is 20. */
  requestsPerSecond?: number | false;
  delivery?: Partial<DeliverySettings>;
}

export interface RunOptions {
  /** The key of the account in which it happens; the first one's when absent. */
  apiKey?: string;
  seed?: number;
  /** When it begins, epoch milliseconds. Absent: so that it has just ended, once all of it was told. */
  startMs?: number;
  /** 1: as fast as life; 60: a minute in a second. Absent: all at once. */
  speed?: number;
  /** Events that never reach a webhook, though the call is in the list: all of them, or those that it picks. */
  lose?: boolean | ((event: Record<string, unknown>) => boolean);
}

export interface DialpadStandIn {
  url: string;
  /** Resolves once every delivery is settled, its repeats included. */
  runCall(kind: CallKind, options?: RunOptions & LifecycleOptions): Promise<CallEventPayload[]>;
  sendSms(direction: 'inbound' | 'outbound', options?: RunOptions & SmsOptions): Promise<SmsEventPayload[]>;
  /** Opens another Dialpad company with a key of its own; `number` as organization() takes it. */
  addAccount(account: { apiKey: string; number: number; isAdmins?: boolean }): Organization;
  /** Closes the account of a key: the key is refused from here on. */
  closeAccount(apiKey: string): void;
  /** Whose admin agrees to the next authorizations: the account of this key. */
  consentAs(apiKey: string): void;
  /** Every event from here on is lost, until it is called with false. */
  loseAll(lost: boolean): void;
  /** All deliveries that are settled, oldest first. */
  readonly deliveries: readonly Delivery[];
  /** What `GET /api/v2/call` lists, in the order of ending. */
  readonly calls: readonly CallRecord[];
  /** What was set up here, as JSON, to be given to `restore` of another start: OAuth's tokens, webhooks, subscriptions. */
  state(): unknown;
  /** @throws where it is no such state. */
  restore(state: unknown): void;
  close(): Promise<void>;
}

/**
 * A server that speaks Dialpad's API v2, OAuth 2.0 and webhooks, for tests, benchmarks and a first look without an
 * account. Its control API is under `/_standin/`: see control.ts. State is in memory and gone on close.
 */
export async function startDialpadStandIn(options: StandInOptions): Promise<DialpadStandIn> {
  const now = options.now ?? Date.now;
  const limit = options.requestsPerSecond ?? 20;
  const delivery: DeliverySettings = { ...dialpadDelivery, ...options.delivery };
  const accounts = new Map([[options.apiKey, newAccount()]]);
  const accountOf = (apiKey: string = options.apiKey): Account => {
    const found = accounts.get(apiKey);
    if (!found) throw new Error('No account has this key.');
    return found;
  };
  const oauth = oauthServer(
    options.oauth ?? { clientId: 'standin-client', clientSecret: 'standin-secret' },
    now,
  );
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // every call that takes its time waits on it
  const deliveries: Delivery[] = [];
  const background = new Set<Promise<unknown>>();
  const recentRequests: number[] = [];
  let nextSeed = options.seed ?? 1;
  let losesAll = false;

  function inBackground(work: Promise<unknown>): void {
    background.add(work);
    void work.finally(() => background.delete(work));
  }

  async function tell(
    kind: Delivery['kind'],
    events: readonly (Record<string, unknown> & { event_timestamp: number })[],
    hooksOf: (event: never) => Hook[],
    run: RunOptions,
  ): Promise<void> {
    const settled: Promise<unknown>[] = [];
    let told: number | undefined;
    for (const event of events) {
      if (stopping.signal.aborted) break;
      const sinceLast = told === undefined ? 0 : event.event_timestamp - told;
      told = event.event_timestamp;
      if (run.speed && sinceLast > 0) {
        await sleepFor(sinceLast / run.speed, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      const lost = losesAll || (typeof run.lose === 'function' ? run.lose(event) : run.lose === true);
      // Safe: `hooksOf` is of the kind of these events.
      for (const hook of hooksOf(event as never)) {
        const what = { kind, webhookId: hook.id, url: hook.hook_url, event };
        if (lost) {
          deliveries.push({ ...what, body: hookBody(event, hook.secret), attempts: [], outcome: 'lost' });
          continue;
        }
        await new Promise<void>((onFirstAttempt) => {
          const sent = deliver(what, hook.secret, delivery, stopping.signal, onFirstAttempt);
          settled.push(sent.then((done) => deliveries.push(done)));
        });
      }
    }
    await Promise.all(settled);
  }

  /** So that no event tells of a time that is still to come, however much faster than life the call goes. */
  function startOf(kind: CallKind, seed: number, run: RunOptions & LifecycleOptions): number {
    if (!run.speed) return now() - 900_000;
    const lengthMs = lifecycle(kind, seed, 0, run).at(-1)?.event_timestamp ?? 0;
    return Math.floor(now() - lengthMs + lengthMs / run.speed);
  }

  async function runCall(
    kind: CallKind,
    run: RunOptions & LifecycleOptions = {},
  ): Promise<CallEventPayload[]> {
    const { seed = nextSeed++ } = run;
    const account = accountOf(run.apiKey);
    const startMs = run.startMs ?? startOf(kind, seed, run);
    const events = lifecycle(kind, seed, startMs, { organization: account.organization, ...run });
    const work = tell('call', events, (event: CallEventPayload) => hooksForCall(account, event), run);
    // Dialpad lists a call once it has concluded; at full speed that is at once.
    if (run.speed) await work;
    account.calls.push(...callRecords(events));
    for (const event of events) {
      if (typeof event.transcription_text === 'string') {
        account.transcripts.set(event.call_id, event.transcription_text);
      }
    }
    await work;
    return events;
  }

  async function sendSms(
    direction: 'inbound' | 'outbound',
    run: RunOptions & SmsOptions = {},
  ): Promise<SmsEventPayload[]> {
    const { startMs = now(), seed = nextSeed++ } = run;
    const account = accountOf(run.apiKey);
    const events = smsLifecycle(direction, seed, startMs, { organization: account.organization, ...run });
    await tell('sms', events, (event: SmsEventPayload) => hooksForSms(account, event), run);
    return events;
  }

  const effects = {
    ring(customerPhone: string, userId: number): number {
      const seed = nextSeed++;
      const run = { seed, customerPhone, userIndex: Math.abs(userId) % 3, startMs: now() };
      inBackground(runCall('outbound', run));
      return lifecycle('outbound', seed, run.startMs)[0]?.call_id ?? 0;
    },
    message(customerPhone: string, text: string): number {
      const seed = nextSeed++;
      inBackground(sendSms('outbound', { seed, customerPhone, text }));
      return smsLifecycle('outbound', seed, 0)[0]?.id ?? 0;
    },
  };

  function overLimit(): boolean {
    if (limit === false) return false;
    const since = now() - 1_000;
    while ((recentRequests[0] ?? Number.POSITIVE_INFINITY) <= since) recentRequests.shift();
    if (recentRequests.length >= limit) return true;
    recentRequests.push(now());
    return false;
  }

  async function answer(request: ApiRequest): Promise<ApiAnswer> {
    if (request.path.startsWith('/_standin/')) return answerControl(request, standIn, inBackground);
    const ofOAuth = oauth.answer(request);
    if (ofOAuth) return ofOAuth;
    if (!request.path.startsWith('/api/v2/')) return refusal(404, 'not found');
    const bearer =
      /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? request.query.get('apikey');
    const consenter = bearer && oauth.accepts(bearer) ? oauth.consenterOf(bearer) : undefined;
    const account = accounts.get(consenter === undefined ? (bearer ?? '') : consenter || options.apiKey);
    if (!account) return refusal(401, 'Not authorized.');
    if (overLimit()) return refusal(429, 'Rate limit exceeded.');
    return answerApi(account, request, effects);
  }

  const server = createServer((incoming, response) => {
    readRequest(incoming)
      .then(answer)
      .catch((error: unknown) => refusal(500, String(error)))
      .then((answered) => send(response, answered))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  // Safe: a server that listens on a host and port has such an address.
  const { port } = server.address() as AddressInfo;

  const standIn: DialpadStandIn = {
    url: `http://127.0.0.1:${port}`,
    runCall,
    sendSms,
    loseAll: (lost) => {
      losesAll = lost;
    },
    deliveries,
    calls: accountOf().calls,
    addAccount({ apiKey, number, isAdmins = true }) {
      const of = organization(number);
      accounts.set(apiKey, newAccount(of, isAdmins));
      return of;
    },
    closeAccount: (apiKey) => void accounts.delete(apiKey),
    consentAs: (apiKey) => oauth.consentAs(apiKey),
    state: () => ({
      oauth: oauth.state(),
      accounts: [...accounts].map(([apiKey, account]) => [apiKey, setUpIn(account)]),
    }),
    restore(state) {
      const kept = KeptState.parse(state);
      oauth.restore(kept.oauth);
      for (const [apiKey, setUp] of kept.accounts) {
        const account = accounts.get(apiKey);
        if (account) setUpAgain(account, setUp);
      }
    },
    async close() {
      stopping.abort();
      await Promise.allSettled(background);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return standIn;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startDialpadStandIn({
    port: Number(process.env.PORT ?? 4010),
    apiKey: process.env.DIALPAD_API_KEY ?? 'standin-key',
  });
  console.log(`Dialpad stand-in at ${url}`);
}
