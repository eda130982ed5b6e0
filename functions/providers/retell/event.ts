import * as z from 'zod';
import { directions } from '#telephony/model/words.ts';

/**
 * A field that Retell may leave out, send as null, or one day send as something else: then it is not known, and
 * the rest of the call still counts.
 */
function known<T extends z.ZodType>(shape: T) {
  return shape
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);
}

const text = known(z.string().min(1));
const number = known(z.number());
/** Epoch milliseconds, within what a Date can hold. */
const epochMs = known(
  z
    .number()
    .positive()
    .max(8.64e15)
    .transform((value) => Math.round(value)),
);
const object = known(z.record(z.string(), z.unknown()));

const Word = z.object({ word: text, start: number, end: number });
const Utterance = z.object({ role: text, content: text, words: known(z.array(Word)) });
const Utterances = known(z.array(Utterance));
const Percentiles = known(z.object({ p50: number, p95: number }));

/**
 * A call as Retell has it: in webhooks, in get-call, and without transcripts in list-calls. Only the id is certain;
 * web calls have neither direction nor numbers. Timestamps in epoch ms, money in US cents with fractions, word times
 * in seconds from the start of the call.
 * Source: retell-sdk 5.66.1, resources/call.
 */
export const RetellCall = z.object({
  call_id: z.string().min(1).max(255),
  call_type: text,
  call_status: text,
  agent_id: text,
  agent_name: text,
  agent_version: number,
  direction: known(z.enum(directions)),
  from_number: text,
  to_number: text,
  start_timestamp: epochMs,
  end_timestamp: epochMs,
  transfer_end_timestamp: epochMs,
  duration_ms: known(z.number().nonnegative()),
  disconnection_reason: text,
  transfer_destination: text,
  transcript: text,
  transcript_object: Utterances,
  transcript_with_tool_calls: Utterances,
  recording_url: text,
  scrubbed_recording_url: text,
  metadata: object,
  retell_llm_dynamic_variables: object,
  collected_dynamic_variables: object,
  telephony_identifier: known(z.object({ twilio_call_sid: text })),
  latency: known(z.object({ e2e: Percentiles, llm: Percentiles, tts: Percentiles, asr: Percentiles })),
  call_cost: known(
    z.object({
      combined_cost: number,
      product_costs: known(
        z.array(
          z.object({
            product: text,
            cost: number,
            unit_price: number,
            is_transfer_leg_cost: known(z.boolean()),
          }),
        ),
      ),
    }),
  ),
  call_analysis: known(
    z.object({
      call_summary: text,
      in_voicemail: known(z.boolean()),
      user_sentiment: text,
      call_successful: known(z.boolean()),
      custom_analysis_data: object,
    }),
  ),
});
export type RetellCall = z.infer<typeof RetellCall>;

/** Who a transfer goes to: documented only as "transfer_destination", seen as a text and as an object. */
const TransferDestination = known(
  z.union([z.string().min(1), z.object({ number: text, sip_uri: text, extension: text })]),
);

export const retellEvents = [
  'call_started',
  'call_ended',
  'call_analyzed',
  'transcript_updated',
  'transfer_started',
  'transfer_bridged',
  'transfer_cancelled',
  'transfer_ended',
] as const;
export type RetellEventName = (typeof retellEvents)[number];

/** The body of a webhook of a voice agent. Retell gives it neither an id nor a time of its own. */
export const RetellEvent = z.object({
  event: z.enum(retellEvents),
  call: RetellCall,
  transcript_with_tool_calls: Utterances,
  transfer_destination: TransferDestination,
  transfer_option: known(z.unknown()),
});
export type RetellEvent = z.infer<typeof RetellEvent>;

/** The receiver that a transfer event names: a phone number or a SIP URI. */
export function destinationOf(event: RetellEvent): string | undefined {
  const named = event.transfer_destination;
  if (typeof named === 'string') return named;
  return named?.number ?? named?.sip_uri ?? named?.extension ?? event.call.transfer_destination;
}

/** An AI agent as Retell has it; fields that we do not name are kept as they come. */
export const RetellAgent = z.looseObject({
  agent_id: z.string().min(1),
  agent_name: text,
  version: number,
  is_published: known(z.boolean()),
  voice_id: text,
  language: text,
  response_engine: object,
  webhook_url: text,
  webhook_events: known(z.array(z.string())),
  last_modification_timestamp: epochMs,
});
export type RetellAgent = z.infer<typeof RetellAgent>;
