import { setTimeout as sleepFor } from 'node:timers/promises';
import { type StandInAgent, standInAgents, type WireAgent, wireAgent } from './agents.ts';
import type { LifecycleKind } from './lifecycle-kinds.ts';
import { type LifecycleGiven, lifecycle, registeredCall, type WireCall } from './lifecycles.ts';
import { pastCalls } from './past-calls.ts';
import type { webhookSender } from './webhook-sender.ts';

const defaultEvents = ['call_started', 'call_ended', 'call_analyzed'];

export interface RunOptions extends LifecycleGiven {
  /** Times real time. Without it everything happens at once, and the call ended just now. */
  speed?: number;
  /** Runs the calls, but sends no webhooks: what an outage of the receiver loses. */
  lose?: boolean;
}

export interface AccountOptions {
  seed: number;
  now: () => number;
  pastCallCount: number;
  sender: ReturnType<typeof webhookSender>;
  stopped: AbortSignal;
  webhookUrl: string | undefined;
  webhookEvents: readonly string[] | undefined;
  /** Those of standInAgents when absent. */
  agents?: readonly StandInAgent[];
}

/** One Retell account: its agents, its calls, and where its webhooks go. */
export class Account {
  readonly calls = new Map<string, WireCall>();
  readonly agents = new Map<string, WireAgent>();
  webhookUrl: string | undefined;
  /** What agents that name no events of their own send. */
  webhookEvents: readonly string[];
  losesWebhooks = false;
  readonly #options: AccountOptions;
  readonly #running = new Set<Promise<unknown>>();
  #nextSeed: number;

  constructor(options: AccountOptions) {
    this.#options = options;
    this.webhookUrl = options.webhookUrl;
    this.webhookEvents = options.webhookEvents ?? defaultEvents;
    this.#nextSeed = options.seed + 1_000_000;
    const agents = options.agents ?? standInAgents;
    for (const agent of agents) this.agents.set(agent.agentId, wireAgent(agent, options.now()));
    for (const call of pastCalls(options.seed, options.now(), options.pastCallCount, options.agents)) {
      this.calls.set(call.call_id, call);
    }
  }

  /** Registers a call and lets its life begin; `done` settles when its last webhook was tried once. */
  run(kind: LifecycleKind, { speed, lose = false, ...given }: RunOptions = {}) {
    const seed = this.#nextSeed++;
    const [ownAgent] = this.#options.agents ?? [];
    if (ownAgent && !given.agent) given.agent = ownAgent;
    const nowMs = this.#options.now();
    const lengthMs = lifecycle(kind, seed, 0).at(-1)?.atMs ?? 0;
    const startMs = Math.floor(nowMs - lengthMs + (speed ? lengthMs / speed : 0));
    const call = registeredCall(kind, seed, startMs, given);
    const steps = lifecycle(kind, seed, startMs, given);
    this.calls.set(call.call_id, call);
    const done = this.#live(steps, speed, lose).finally(() => this.#running.delete(done));
    this.#running.add(done);
    return { call, done };
  }

  async #live(steps: ReturnType<typeof lifecycle>, speed: number | undefined, lose: boolean): Promise<void> {
    let atMs = steps[0]?.atMs ?? 0;
    for (const step of steps) {
      // One turn of the loop at least, so that who places the call has its id before its first webhook.
      const waitMs = speed ? Math.max(0, step.atMs - atMs) / speed : 0;
      await sleepFor(waitMs, undefined, { signal: this.#options.stopped }).catch(() => undefined);
      if (this.#options.stopped.aborted) return;
      atMs = step.atMs;
      this.calls.set(step.call.call_id, step.call);
      const agent = this.agents.get(step.call.agent_id);
      const url = agent?.webhook_url ?? this.webhookUrl;
      const isWanted = (agent?.webhook_events ?? this.webhookEvents).includes(step.event);
      if (url && isWanted && !lose && !this.losesWebhooks) await this.#options.sender.send(url, step);
    }
  }

  /** When no call runs and no webhook is left to repeat. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#options.sender.retried();
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** The agent of a number of ours, by its id or number; undefined for another. */
  agentNamed(idOrNumber: string): StandInAgent | undefined {
    const known = (this.#options.agents ?? standInAgents).find(
      ({ agentId, number }) => agentId === idOrNumber || number === idOrNumber,
    );
    const agent = this.agents.get(known?.agentId ?? idOrNumber);
    return (
      agent && {
        agentId: agent.agent_id,
        name: agent.agent_name ?? agent.agent_id,
        version: agent.version,
        number: known?.number ?? standInAgents[0].number,
      }
    );
  }
}
