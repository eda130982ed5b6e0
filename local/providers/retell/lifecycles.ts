import { createHash } from 'node:crypto';
import type { CallResponse } from 'retell-sdk/resources/call';
import type { RetellEventName } from '#providers/retell/event.ts';
import { callCost, latencyOf, summaryOf, withTransferLeg } from './aftermath.ts';
import { type StandInAgent, standInAgents } from './agents.ts';
import { type Conversation, conversation, transcripts } from './conversation.ts';
import { type LifecycleKind, type LifecyclePlan, lifecyclePlans } from './lifecycle-kinds.ts';
import { mixSeed, type Random, seededRandom } from './random.ts';

/** A call on the wire, checked against retell-sdk's own types. */
export type WireCall = CallResponse;

/** One webhook of a call's life. */
export interface LifecycleStep {
  event: RetellEventName;
  /** The call as Retell has it at this moment. */
  call: WireCall;
  /** When Retell sends it, epoch ms. */
  atMs: number;
  /** What the body has beside `event` and `call`. */
  extra?: Record<string, unknown>;
}

/** What a caller of the API decides; the rest comes from the seed. */
export interface LifecycleGiven {
  callId?: string;
  agent?: StandInAgent;
  /** The other side of the line. */
  customerNumber?: string;
  metadata?: unknown;
  dynamicVariables?: Record<string, string>;
}

/**
 * Every webhook of one call, in the order in which Retell sends them, opt-in events included. Pure: the same
 * arguments give the same call, id and all, and another start only shifts it. The last step has the call as it stays.
 */
export function lifecycle(
  kind: LifecycleKind,
  seed: number,
  startMs: number,
  given: LifecycleGiven = {},
): LifecycleStep[] {
  const plan: LifecyclePlan = lifecyclePlans[kind];
  const random = seededRandom(mixSeed('talk', kind, seed));
  const call = registeredCall(kind, seed, startMs, given);
  if (!plan.turns) return neverConnected(plan, call, startMs, random);

  const talk = conversation(random, random.int(...plan.turns));
  const started = {
    ...call,
    call_status: 'ongoing',
    start_timestamp: startMs,
    ...(call.call_type === 'phone_call' && {
      telephony_identifier: { twilio_call_sid: sidOf(call.call_id) },
    }),
  } as const;
  return [
    { event: 'call_started', call: started, atMs: startMs },
    ...duringTheTalk(plan, started, talk, startMs),
    ...afterTheTalk(plan, started, talk, startMs, random),
  ];
}

/** The body of the webhook. */
export function webhookBody({ event, call, extra }: LifecycleStep): string {
  return JSON.stringify({ event, call, ...extra });
}

/** The call as create-phone-call answers it and as get-call has it before anything happens. */
export function registeredCall(
  kind: LifecycleKind,
  seed: number,
  startMs: number,
  given: LifecycleGiven = {},
): WireCall {
  const plan: LifecyclePlan = lifecyclePlans[kind];
  const random = seededRandom(mixSeed('parties', kind, seed));
  const digest = createHash('sha256').update(`${kind}|${seed}|${startMs}`).digest('hex');
  const agent = given.agent ?? random.pick(standInAgents);
  const customer = given.customerNumber ?? `+1415555${String(random.int(200, 9899)).padStart(4, '0')}`;
  const base = {
    call_id: given.callId ?? `call_${digest.slice(0, 27)}`,
    agent_id: agent.agentId,
    agent_version: agent.version,
    agent_name: agent.name,
    call_status: 'registered',
    opt_in_signed_url: false,
    data_storage_setting: 'everything',
    ...(given.metadata !== undefined && { metadata: given.metadata }),
    ...(given.dynamicVariables && { retell_llm_dynamic_variables: given.dynamicVariables }),
  } as const;
  if (plan.channel === 'web') return { ...base, call_type: 'web_call', access_token: digest.slice(27, 59) };
  const isInbound = plan.channel === 'inbound';
  return {
    ...base,
    call_type: 'phone_call',
    direction: plan.channel,
    from_number: isInbound ? customer : agent.number,
    to_number: isInbound ? agent.number : customer,
  };
}

/** No call_started, but an end and an analysis. */
function neverConnected(
  plan: LifecyclePlan,
  call: WireCall,
  startMs: number,
  random: Random,
): LifecycleStep[] {
  const endMs = startMs + random.int(4_000, 45_000);
  const ended: WireCall = {
    ...call,
    call_status: plan.status,
    // A web call that nobody joined never began, for Retell.
    ...(call.call_type === 'phone_call' && { start_timestamp: startMs, duration_ms: 0 }),
    end_timestamp: endMs,
    disconnection_reason: plan.reason,
    call_cost: callCost(random, 0),
  };
  const analyzed: WireCall = {
    ...ended,
    call_analysis: { in_voicemail: false, user_sentiment: 'Unknown', call_successful: false },
  };
  return [
    { event: 'call_ended', call: ended, atMs: endMs },
    { event: 'call_analyzed', call: analyzed, atMs: endMs + random.int(500, 4_000) },
  ];
}

function duringTheTalk(
  plan: LifecyclePlan,
  started: WireCall,
  talk: Conversation,
  startMs: number,
): LifecycleStep[] {
  const steps: LifecycleStep[] = [];
  // Retell sends one after each turn; a few of them stand for all.
  const marks = new Set([0.25, 0.5, 0.75].map((part) => Math.ceil(talk.turns.length * part)));
  marks.add(talk.turns.length);
  for (const count of marks) {
    const turns = talk.turns.slice(0, count);
    const spokenMs = Math.round((turns.at(-1)?.words.at(-1)?.end ?? 0) * 1000);
    const call = { ...started, ...transcripts(turns) };
    const extra = { transcript_with_tool_calls: turns };
    steps.push({ event: 'transcript_updated', call, atMs: startMs + spokenMs, extra });
  }

  const call = { ...started, ...transcripts(talk.turns) };
  const transfer = (event: RetellEventName, number: string, afterMs: number): LifecycleStep => ({
    event,
    call,
    atMs: startMs + talk.spokenMs + afterMs,
    extra: {
      transfer_destination: { type: 'predefined', number },
      transfer_option: { type: plan.transfer === 'warm' ? 'warm_transfer' : 'cold_transfer' },
    },
  });
  if (plan.transfer === 'second attempt') {
    steps.push(transfer('transfer_started', firstDesk, 200), transfer('transfer_cancelled', firstDesk, 400));
  }
  if (plan.transfer) {
    steps.push(transfer('transfer_started', secondDesk, 600), transfer('transfer_bridged', secondDesk, 800));
  }
  return steps;
}

const firstDesk = '+14155550142';
const secondDesk = '+14155550143';

function afterTheTalk(
  plan: LifecyclePlan,
  started: WireCall,
  talk: Conversation,
  startMs: number,
  random: Random,
): LifecycleStep[] {
  const durationMs = talk.spokenMs + random.int(900, 3_000);
  const endMs = startMs + durationMs;
  const ended: WireCall = {
    ...started,
    ...transcripts(talk.turns),
    call_status: plan.status,
    end_timestamp: endMs,
    duration_ms: durationMs,
    disconnection_reason: plan.reason,
    recording_url: `https://recordings.example.com/${started.call_id}/recording.wav`,
    public_log_url: `https://recordings.example.com/${started.call_id}/public.log`,
    collected_dynamic_variables: random.chance(0.5) ? { caller_name: 'Ana Pérez' } : {},
    call_cost: callCost(random, durationMs),
    latency: latencyOf(random),
    // Named for cold transfers only: retell-sdk 5.66.1, PhoneCallResponse.transfer_destination.
    ...(plan.reason === 'call_transfer' && { transfer_destination: secondDesk }),
  };
  const analyzed: WireCall = { ...ended, call_analysis: summaryOf(random, plan) };
  const analyzedMs = endMs + random.int(2_000, 9_000);
  const steps: LifecycleStep[] = [
    { event: 'call_ended', call: ended, atMs: endMs },
    { event: 'call_analyzed', call: analyzed, atMs: analyzedMs },
  ];
  if (!plan.transfer) return steps;
  const legMs = random.int(20_000, 300_000);
  const settled: WireCall = {
    ...analyzed,
    transfer_end_timestamp: endMs + legMs,
    ...(ended.call_cost && { call_cost: withTransferLeg(ended.call_cost, legMs) }),
  };
  return [
    ...steps,
    { event: 'transfer_ended', call: settled, atMs: Math.max(endMs + legMs, analyzedMs + 1) },
  ];
}

function sidOf(callId: string): string {
  return `CA${createHash('md5').update(callId).digest('hex')}`;
}
