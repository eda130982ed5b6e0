import { setTimeout as sleepFor } from 'node:timers/promises';
import { ProviderError } from '#core/clients/http-client.ts';
import { inParallel } from '#core/work/in-parallel.ts';
import { dialpadClient } from '#providers/dialpad/client.ts';
import type { ProviderAccount } from '#providers/history.ts';
import { retellClient } from '#providers/retell/client.ts';
import type { RetellAgent } from '#providers/retell/event.ts';
import { type TwilioAccount, twilioClient } from '#providers/twilio/client.ts';

/** Somebody waits for the answer, and API Gateway gives up after 30 s. */
const askForMs = 12_000;
const patienceMs = 2_000;
/** Ids up to this many are asked for one by one; more than that, by the whole list. */
const maxSingly = 20;
/** Of 100 agents each. */
const maxAgentPages = 100;
const atOnce = 6;

const clientOptions = (provider: string) => ({
  timeoutMs: 5_000,
  maxAttempts: 2,
  sleep: async (ms: number) => {
    if (ms > patienceMs) throw new ProviderError(provider, 429, `asks to wait ${ms} ms`);
    await sleepFor(ms);
  },
});

/** Ends a question that takes too long, as if the provider had not answered. */
async function inTime<T>(provider: string, asking: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ProviderError(provider, 0, `no whole answer within ${askForMs} ms`)),
      askForMs,
    );
  });
  try {
    return await Promise.race([asking, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the provider answered that these credentials reach nothing. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof ProviderError && (error.status === 401 || error.status === 403);

export interface ListedAgents {
  /** By id: of several versions the newest. */
  agents: Map<string, RetellAgent>;
  /** False: the account has more agents than were asked for. */
  isWhole: boolean;
}

/** The agents of a Retell account: at most 10,000. @throws ProviderError */
export async function listAgents({ token, baseUrl }: ProviderAccount): Promise<ListedAgents> {
  const client = retellClient({ ...clientOptions('retell'), apiKey: token, baseUrl });
  return await inTime('retell', agentsOf(client, Date.now() + askForMs));
}

async function agentsOf(client: ReturnType<typeof retellClient>, endAt: number): Promise<ListedAgents> {
  const agents = new Map<string, RetellAgent>();
  let pages = 0;
  for await (const page of client.listAgents()) {
    for (const agent of page) {
      const known = agents.get(agent.agent_id);
      if (!known || (agent.version ?? 0) >= (known.version ?? 0)) agents.set(agent.agent_id, agent);
    }
    if (++pages >= maxAgentPages || Date.now() > endAt) return { agents, isWhole: false };
  }
  return { agents, isWhole: true };
}

/** Those of these agents that a Retell account has. @throws ProviderError */
export async function agentsListed(
  { token, baseUrl }: ProviderAccount,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const client = retellClient({ ...clientOptions('retell'), apiKey: token, baseUrl });
  if (ids.length > maxSingly) {
    const { agents, isWhole } = await inTime('retell', agentsOf(client, Date.now() + askForMs));
    const found = ids.filter((id) => agents.has(id));
    if (!isWhole && found.length < ids.length)
      throw new ProviderError('retell', 200, 'has more agents than can be listed in time');
    return new Set(found);
  }
  const asking = inParallel(ids, atOnce, (id) => client.getAgent(id));
  const found = await inTime('retell', asking);
  return new Set(ids.filter((id, index) => found[index]?.agent_id === id));
}

export interface Organizations {
  companyId: string;
  /** With the company's. */
  ids: Set<string>;
}

/**
 * What a Dialpad account is of: its company and the offices. Only a company admin's token counts: an office's employees
 * see it too. @throws ProviderError, 403 for the token of anybody else.
 */
export async function organizationsOf({ token, baseUrl }: ProviderAccount): Promise<Organizations> {
  const client = dialpadClient({ ...clientOptions('dialpad'), token, baseUrl });
  const asking = (async () => {
    const { id } = await client.getCompany();
    return { companyId: id, ids: new Set([id, ...(await client.listOffices())]) };
  })();
  return await inTime('dialpad', asking);
}

/** Those of these numbers that a Twilio account has. @throws ProviderError */
export async function numbersListed(
  account: TwilioAccount,
  numbers: readonly string[],
): Promise<Set<string>> {
  if (numbers.length === 0) return new Set();
  const client = twilioClient(account, clientOptions('twilio'));
  if (numbers.length > maxSingly) {
    const own = new Set(await inTime('twilio', client.listNumbers()));
    return new Set(numbers.filter((number) => own.has(number)));
  }
  const found = await inTime(
    'twilio',
    inParallel(numbers, atOnce, (number) => client.ownsNumber(number)),
  );
  return new Set(numbers.filter((_, index) => found[index]));
}

/** Asks a Retell or Twilio account for one page of what it has. @throws ProviderError, 401 for wrong credentials. */
export async function firstPageOf(account: ProviderAccount | TwilioAccount): Promise<void> {
  if ('accountSid' in account) {
    await inTime('twilio', twilioClient(account, clientOptions('twilio')).ownsNumber('+15005550000'));
    return;
  }
  const { token, baseUrl } = account;
  const pages = retellClient({ ...clientOptions('retell'), apiKey: token, baseUrl }).listAgents();
  await inTime('retell', pages.next());
}
