import { randomUUID } from 'node:crypto';
import { makeApiKey } from '../callers/api-key.ts';
import type { Role, Scope } from '../callers/caller.ts';
import { signAccessToken } from '../callers/tokens.ts';
import type { Endpoint } from '../endpoint.ts';
import { pathPattern } from '../http/path.ts';
import { encryptSecret, placeOf } from '../security/secrets.ts';
import { adminSql } from './admin-sql.ts';

export interface TestResponse {
  status: number;
  headers: Headers;
  text: string;
  // Tests look into answers whose shape the contract's own schema has checked already.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  body: any;
}

/** Calls an endpoint through its serve(), with the input put where its contract wants it. */
export async function request(
  endpoint: Pick<Endpoint, 'contract' | 'serve'>,
  input: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<TestResponse> {
  const { contract } = endpoint;
  const rest: Record<string, unknown> = { ...input };
  let path = contract.path;
  for (const name of pathPattern(contract.path).names) {
    path = path.replace(`:${name}`, encodeURIComponent(String(rest[name])));
    delete rest[name];
  }
  const url = new URL(path, 'https://api.example.com');
  const { takesBody } = contract;
  for (const name of Object.keys(rest)) {
    if (takesBody && !contract.inQuery.includes(name)) continue;
    url.searchParams.set(name, String(rest[name]));
    delete rest[name];
  }
  const response = await endpoint.serve(
    new Request(url, {
      method: contract.method,
      headers: takesBody ? { 'content-type': 'application/json', ...headers } : headers,
      body: takesBody ? JSON.stringify(rest) : null,
    }),
  );
  return await readAnswer(response);
}

export async function readAnswer(response: Response): Promise<TestResponse> {
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

export interface TestCaller {
  request(
    endpoint: Pick<Endpoint, 'contract' | 'serve'>,
    input?: Record<string, unknown>,
  ): Promise<TestResponse>;
  headers: Record<string, string>;
}

export interface TestPerson extends TestCaller {
  id: string;
  email: string;
  sessionId: string;
  token: string;
}

export interface TestCompany {
  id: string;
  /** A person with this role, made on first use. */
  as(role: Exclude<Role, 'platform_admin'>): Promise<TestPerson>;
  /** A new app, with a key of its own. */
  app(scopes?: (Scope | '*')[]): Promise<TestCaller & { appId: string; key: string }>;
  /** A key that sees the whole company. */
  key(scopes?: (Scope | '*')[]): Promise<TestCaller & { key: string }>;
  links(link: {
    provider: string;
    kind: string;
    externalId: string;
    appId?: string;
    secret?: string;
    /** By an operator's word when absent; null: unproved. */
    proof?: 'operator' | 'provider' | null;
  }): Promise<void>;
  hasAgent(agent?: {
    provider?: string;
    providerAgentId?: string;
    name?: string;
    userId?: string;
    kind?: 'human' | 'ai';
  }): Promise<{ id: string }>;
  hasCall(call?: Partial<TestCall>): Promise<{ id: string }>;
}

export interface TestCall {
  provider: string;
  providerCallId: string;
  status: string;
  direction: string;
  from: string;
  to: string;
  startedAt: string;
  endedAt: string | null;
  durationMs: number | null;
  costAmount: string | null;
  agentId: string | null;
  appId: string | null;
  providerAgentId: string | null;
  sentiment: string | null;
  summary: string | null;
}

const callerWith = (headers: Record<string, string>): TestCaller => ({
  headers,
  request: (endpoint, input) => request(endpoint, input, headers),
});

/** A company of the test's own: no test relies on another's rows. */
export async function aCompany(name = 'Acme'): Promise<TestCompany> {
  const sql = adminSql();
  const id = randomUUID();
  await sql`insert into companies (id, name) values (${id}, ${name})`;
  const people = new Map<string, Promise<TestPerson>>();

  async function makePerson(role: string): Promise<TestPerson> {
    const userId = randomUUID();
    const email = `${role}-${userId}@example.com`;
    await sql`insert into users (id, email, email_normal, name, email_verified_at)
      values (${userId}, ${email}, ${email}, ${role}, now())`;
    await sql`insert into memberships (company_id, user_id, role) values (${id}, ${userId}, ${role})`;
    const sessionId = randomUUID();
    await sql`insert into sessions (id, user_id, company_id, expires_at)
      values (${sessionId}, ${userId}, ${id}, now() + interval '1 day')`;
    const { token } = await signAccessToken(
      { sub: userId, session_id: sessionId, email, app_metadata: { company_id: id, role } },
      new Date(),
    );
    return { id: userId, email, sessionId, token, ...callerWith({ authorization: `Bearer ${token}` }) };
  }

  async function makeKey(appId: string | null, scopes: string[]): Promise<TestCaller & { key: string }> {
    const { key, prefix, hash } = makeApiKey();
    await sql`insert into api_keys (company_id, app_id, prefix, key_hash, scopes)
      values (${id}, ${appId}, ${prefix}, ${hash}, ${scopes})`;
    return { key, ...callerWith({ 'x-api-key': key }) };
  }

  return {
    id,
    as(role) {
      const person = people.get(role) ?? makePerson(role);
      people.set(role, person);
      return person;
    },
    async app(scopes = ['*']) {
      const appId = randomUUID();
      await sql`insert into apps (id, company_id, name) values (${appId}, ${id}, 'Test app')`;
      return { appId, ...(await makeKey(appId, scopes)) };
    },
    key: (scopes = ['*']) => makeKey(null, scopes),
    async links({ provider, kind, externalId, appId, secret, proof = 'operator' }) {
      const provedAt = proof && new Date();
      const place = placeOf('provider_links.secret', {
        ...{ company_id: id, provider, kind, external_id: externalId },
      });
      await sql`insert into provider_links (company_id, app_id, provider, kind, external_id, secret, proof, proved_at)
          values (${id}, ${appId ?? null}, ${provider}, ${kind}, ${externalId}, ${secret ? encryptSecret(secret, place) : null},
            ${proof}, ${provedAt})`;
    },
    async hasAgent(agent = {}) {
      const [row] = await sql<{ id: string }[]>`
        insert into agents (company_id, kind, name, provider, provider_agent_id, user_id)
        values (${id}, ${agent.kind ?? 'ai'}, ${agent.name ?? 'Agent'}, ${agent.provider ?? null},
          ${agent.providerAgentId ?? null}, ${agent.userId ?? null})
        returning id`;
      return { id: row?.id ?? '' };
    },
    async hasCall(call = {}) {
      const startedAt = call.startedAt ?? new Date().toISOString();
      const [row] = await sql<{ id: string }[]>`
        insert into calls (company_id, app_id, provider, provider_call_id, status, direction, from_number, to_number,
          started_at, ended_at, duration_ms, cost_amount, cost_currency, agent_id, provider_agent_id, sentiment, summary,
          state_rank, state_at)
        values (${id}, ${call.appId ?? null}, ${call.provider ?? 'retell'}, ${call.providerCallId ?? randomUUID()},
          ${call.status ?? 'completed'}, ${call.direction ?? 'inbound'}, ${call.from ?? '+14155550101'},
          ${call.to ?? '+14155550199'}, ${startedAt}, ${call.endedAt ?? null}, ${call.durationMs ?? null},
          ${call.costAmount ?? null}, ${call.costAmount ? 'USD' : null}, ${call.agentId ?? null},
          ${call.providerAgentId ?? null}, ${call.sentiment ?? null}, ${call.summary ?? null}, 120, ${startedAt})
        returning id`;
      return { id: row?.id ?? '' };
    },
  };
}
