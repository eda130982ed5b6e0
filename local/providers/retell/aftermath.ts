import type { PhoneCallResponse } from 'retell-sdk/resources/call';
import type { LifecyclePlan } from './lifecycle-kinds.ts';
import type { Random } from './random.ts';

type Cost = PhoneCallResponse.CallCost;
type ProductCost = PhoneCallResponse.CallCost.ProductCost;

/** US cents with fractions, as Retell bills: a price for each second of each product. */
export function callCost(random: Random, durationMs: number): Cost {
  const seconds = durationMs / 1000;
  const voice = random.pick([0.1167, 0.0917, 0.125]);
  const product_costs: ProductCost[] =
    durationMs === 0
      ? []
      : [
          { product: 'elevenlabs_tts', unit_price: voice, cost: cents(voice * seconds) },
          { product: 'gpt_4_1', unit_price: 0.0375, cost: cents(0.0375 * seconds) },
        ];
  return {
    combined_cost: sumOf(product_costs),
    product_costs,
    total_duration_seconds: seconds,
    total_duration_unit_price: cents(voice + 0.0375),
  };
}

/** The cost once the transferred leg, which goes on without the agent, has ended too. */
export function withTransferLeg(cost: Cost, legMs: number): Cost {
  const leg = {
    product: 'us_telephony',
    unit_price: 0.025,
    cost: cents(0.025 * (legMs / 1000)),
    is_transfer_leg_cost: true,
  };
  const product_costs = [...cost.product_costs, leg];
  return { ...cost, product_costs, combined_cost: sumOf(product_costs) };
}

function sumOf(products: ProductCost[]): number {
  return cents(products.reduce((sum, { cost }) => sum + cost, 0));
}

export function latencyOf(random: Random): PhoneCallResponse.Latency {
  const part = (middle: number) => {
    const p50 = middle + random.int(-80, 80);
    return { p50, p90: p50 + 120, p95: p50 + 180, p99: p50 + 300, min: p50 - 100, max: p50 + 400, num: 12 };
  };
  return { e2e: part(900), llm: part(500), tts: part(220) };
}

export function summaryOf(random: Random, plan: LifecyclePlan): PhoneCallResponse.CallAnalysis {
  const isFailure = plan.status !== 'ended' || plan.inVoicemail === true;
  return {
    call_summary: plan.inVoicemail
      ? 'The agent reached a voicemail and left a message.'
      : random.pick([
          'The caller booked a cleaning for Tuesday at 10:15.',
          'The caller complained about a bill and was promised a call back.',
          'The caller asked about prices and will call again.',
        ]),
    in_voicemail: plan.inVoicemail ?? false,
    user_sentiment: isFailure ? 'Unknown' : random.pick(['Positive', 'Neutral', 'Neutral', 'Negative']),
    call_successful: !isFailure && random.chance(0.8),
    custom_analysis_data: random.chance(0.6) ? { appointment_date: '2026-11-24', wants_callback: false } : {},
  };
}

function cents(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
