import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Account } from './account.ts';
import { standInAgents, type WireAgent, wireAgent } from './agents.ts';
import { ListCallsBody, listCalls } from './call-list.ts';
import type { Faults } from './faults.ts';
import type { LifecycleKind } from './lifecycle-kinds.ts';
import { Refusal } from './refusal.ts';
import type { Answer, Asked } from './routes.ts';

const e164 = z.string().regex(/^\+[1-9]\d{1,14}$/);
const PhoneCallBody = z.looseObject({
  from_number: e164,
  to_number: e164,
  override_agent_id: z.string().optional(),
  metadata: z.unknown().optional(),
  retell_llm_dynamic_variables: z.record(z.string(), z.string()).optional(),
});
/** What a client sends of an agent is kept and given back as it is; Retell would check more of it. */
const AgentBody = z.looseObject({
  agent_name: z.string().nullish(),
  webhook_url: z.string().nullish(),
  webhook_events: z.array(z.string()).nullish(),
});
const NewAgentBody = AgentBody.extend({
  voice_id: z.string(),
  response_engine: z.looseObject({ type: z.string() }),
});
const AgentPageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  pagination_key: z.string().optional(),
});

/** How a call goes by the last four digits of the number that is called, where no other kind was asked for. */
export const kindOfNumber: Readonly<Record<string, LifecycleKind>> = {
  '0001': 'no_answer',
  '0002': 'busy',
  '0003': 'declined',
  '0004': 'dial_failed',
  '0005': 'voicemail',
  '0006': 'voicemail_unnoticed',
};

/** Retell's own API, as far as the client speaks it. */
export function apiRoutes(account: Account, faults: Faults, callSpeed: number | undefined) {
  const routes: Record<string, (asked: Asked) => Answer> = {
    'POST /v3/list-calls': ({ body }) => ({
      status: 200,
      json: listCalls(account.calls.values(), parse(ListCallsBody, body ?? {})),
    }),

    'GET /v2/get-call/:id': ({ id }) => {
      if (faults.brokenCalls.has(id)) throw new Refusal(500, 'Internal server error');
      return { status: 200, json: found(account.calls.get(id), `call ${id}`) };
    },

    'POST /v2/create-phone-call': ({ body }) => {
      const wanted = parse(PhoneCallBody, body);
      const agentId = wanted.override_agent_id;
      const agent = found(
        account.agentNamed(agentId ?? wanted.from_number) ?? (agentId ? undefined : standInAgents[0]),
        `agent ${agentId}`,
      );
      const { call } = account.run(kindOfNumber[wanted.to_number.slice(-4)] ?? 'outbound', {
        agent: { ...agent, number: wanted.from_number },
        customerNumber: wanted.to_number,
        ...(wanted.metadata !== undefined && { metadata: wanted.metadata }),
        ...(wanted.retell_llm_dynamic_variables && {
          dynamicVariables: wanted.retell_llm_dynamic_variables,
        }),
        ...(callSpeed !== undefined && { speed: callSpeed }),
      });
      return { status: 201, json: call };
    },

    'POST /v2/list-agents': ({ query }) => {
      const { limit, pagination_key } = parse(AgentPageQuery, Object.fromEntries(query));
      const agents = [...account.agents.values()].sort((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
      const rest = agents.filter((agent) => pagination_key === undefined || agent.agent_id > pagination_key);
      const items = rest.slice(0, limit);
      const hasMore = rest.length > items.length;
      const key = hasMore && { pagination_key: items.at(-1)?.agent_id };
      return { status: 200, json: { items, has_more: hasMore, ...key } };
    },

    'GET /get-agent/:id': ({ id }) => ({ status: 200, json: found(account.agents.get(id), `agent ${id}`) }),

    'POST /create-agent': ({ body, nowMs }) => {
      const wanted = parse(NewAgentBody, body);
      const agentId = `agent_${randomBytes(8).toString('hex')}`;
      const fresh = { agentId, name: wanted.agent_name ?? 'Agent', version: 0, number: '' };
      return { status: 201, json: keepAgent(Object.assign(wireAgent(fresh, nowMs), wanted)) };
    },

    'PATCH /update-agent/:id': ({ id, body, nowMs }) => {
      const agent = found(account.agents.get(id), `agent ${id}`);
      const changes = parse(AgentBody, body);
      return {
        status: 200,
        json: keepAgent(
          Object.assign({ ...agent }, changes, { agent_id: id, last_modification_timestamp: nowMs }),
        ),
      };
    },

    'DELETE /delete-agent/:id': ({ id }) => {
      found(account.agents.get(id), `agent ${id}`);
      account.agents.delete(id);
      return { status: 204 };
    },

    'GET /get-concurrency': () => ({
      status: 200,
      json: {
        current_concurrency: account.runningCount,
        concurrency_limit: 20,
        base_concurrency: 20,
        purchased_concurrency: 0,
        concurrency_burst_enabled: false,
        concurrency_burst_limit: 60,
        reserved_inbound_concurrency: 0,
      },
    }),
  };

  function keepAgent(agent: WireAgent): WireAgent {
    account.agents.set(agent.agent_id, agent);
    return agent;
  }

  return routes;
}

export function parse<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw new Refusal(400, z.prettifyError(parsed.error));
  return parsed.data;
}

export function found<T>(thing: T | undefined, name: string): T {
  if (thing === undefined) throw new Refusal(404, `Requested resource not found: ${name}`);
  return thing;
}
