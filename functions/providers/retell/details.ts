import type { RetellCall } from './event.ts';
import { e164, isoTime, onlyKnown } from './plain-values.ts';

type Details = Record<string, unknown>;

/** Facts without a column of their own that are known from the start and stay. */
export function constantDetails(call: RetellCall): Details {
  return {
    callType: call.call_type,
    agentVersion: call.agent_version,
    dynamicVariables: filled(call.retell_llm_dynamic_variables),
    twilioCallSid: call.telephony_identifier?.twilio_call_sid,
    // A caller without an E.164 number: withheld, or a SIP address.
    fromAddress: e164(call.from_number) === undefined ? call.from_number : undefined,
    toAddress: e164(call.to_number) === undefined ? call.to_number : undefined,
  };
}

/**
 * Facts that are known when the call is over. Costs are US cents with fractions, unit prices cents per second.
 * `transferEndedAt` is apart from the call's end, which for Retell is when its agent left.
 */
export function finalDetails(call: RetellCall): Details {
  return {
    inVoicemail: call.call_analysis?.in_voicemail,
    customAnalysis: filled(call.call_analysis?.custom_analysis_data),
    collectedVariables: filled(call.collected_dynamic_variables),
    costBreakdown: costBreakdown(call),
    latencyMs: latencyMs(call),
    transferDestination: call.transfer_destination,
    transferEndedAt: isoTime(call.transfer_end_timestamp),
  };
}

function costBreakdown(call: RetellCall): Details[] | undefined {
  const products = call.call_cost?.product_costs ?? [];
  if (products.length === 0) return undefined;
  return products.map(({ product, cost, unit_price, is_transfer_leg_cost }) =>
    onlyKnown<Details>({ product, cost, unitPrice: unit_price, isTransferLeg: is_transfer_leg_cost }),
  );
}

/** The median and the 95th percentile of each part of the answering time; Retell's single values are left out. */
function latencyMs(call: RetellCall): Details | undefined {
  const parts = Object.entries(call.latency ?? {}).flatMap(([part, percentiles]) => {
    const known = onlyKnown<Details>({ p50: percentiles?.p50, p95: percentiles?.p95 });
    return Object.keys(known).length === 0 ? [] : [[part, known] as const];
  });
  return parts.length === 0 ? undefined : Object.fromEntries(parts);
}

function filled(object: Details | undefined): Details | undefined {
  return object && Object.keys(object).length > 0 ? object : undefined;
}
