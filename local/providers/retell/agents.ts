import type { AgentResponse } from 'retell-sdk/resources/agent';

export type WireAgent = AgentResponse;

/** An agent with the number that it answers and calls from. */
export interface StandInAgent {
  agentId: string;
  name: string;
  version: number;
  number: string;
}

/** The account's agents at start. Their ids are stable, so that a seed can link them to a company. */
export const standInAgents: readonly [StandInAgent, StandInAgent, StandInAgent] = [
  { agentId: 'agent_a1f7c2d94be35086', name: 'Front desk', version: 4, number: '+14155550199' },
  { agentId: 'agent_b2e8d3ca5cf46197', name: 'Outbound follow-up', version: 2, number: '+14155550188' },
  { agentId: 'agent_c3d9e4db6da57208', name: 'After hours', version: 7, number: '+14155550177' },
];

/** The agent as GET /get-agent gives it. */
export function wireAgent(agent: StandInAgent, modifiedMs: number): WireAgent {
  return {
    agent_id: agent.agentId,
    agent_name: agent.name,
    version: agent.version,
    is_published: true,
    voice_id: '11labs-Adrian',
    language: 'en-US',
    response_engine: { type: 'retell-llm', llm_id: `llm_${agent.agentId.slice(6)}`, version: 0 },
    webhook_url: null,
    webhook_events: null,
    webhook_timeout_ms: 10_000,
    last_modification_timestamp: modifiedMs,
  };
}
