import * as z from 'zod';
import type { WireCall } from './lifecycles.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const textFilter = z.strictObject({
  type: z.literal('string'),
  op: z.enum(['eq', 'ne', 'sw', 'ew', 'co']),
  value: z.string(),
});
const numberFilter = z.strictObject({
  type: z.literal('number'),
  op: z.enum(['eq', 'ne', 'gt', 'ge', 'lt', 'le']),
  value: z.number(),
});
const rangeFilter = z.strictObject({
  type: z.literal('range'),
  op: z.literal('bt'),
  value: z.tuple([z.number(), z.number()]),
});
const enumFilter = z.strictObject({ type: z.literal('enum'), op: z.literal('in'), value: z.array(scalar) });
const booleanFilter = z.strictObject({ type: z.literal('boolean'), op: z.literal('eq'), value: z.boolean() });
const key = { key: z.string() };
const keyedFilter = z.discriminatedUnion('type', [
  textFilter.extend(key),
  numberFilter.extend(key),
  rangeFilter.extend(key),
  enumFilter.extend(key),
  booleanFilter.extend(key),
]);

const texts = z.union([textFilter, enumFilter]).optional();
const numbers = z.union([numberFilter, rangeFilter]).optional();

/** `filter_criteria` of POST /v3/list-calls, as far as the stand-in serves it: another key is refused, not ignored. */
export const CallFilter = z.strictObject({
  agent: z
    .array(z.strictObject({ agent_id: z.string(), version: z.array(z.number()).optional() }))
    .optional(),
  call_id: texts,
  call_status: enumFilter.optional(),
  call_type: enumFilter.optional(),
  direction: enumFilter.optional(),
  disconnection_reason: enumFilter.optional(),
  from_number: texts,
  to_number: texts,
  start_timestamp: numbers,
  end_timestamp: numbers,
  duration_ms: numbers,
  metadata: z.array(keyedFilter).optional(),
});
export type CallFilter = z.infer<typeof CallFilter>;

type AnyFilter =
  | z.infer<typeof textFilter>
  | z.infer<typeof numberFilter>
  | z.infer<typeof rangeFilter>
  | z.infer<typeof enumFilter>
  | z.infer<typeof booleanFilter>;

/** Whether the call meets every criterion; of several agents, one is enough. */
export function matches(call: WireCall, filter: CallFilter): boolean {
  const { agent, metadata, ...fields } = filter;
  if (agent && !agent.some((wanted) => isOfAgent(call, wanted))) return false;
  const facts = new Map<string, unknown>(Object.entries(call));
  for (const [name, condition] of Object.entries(fields)) {
    if (condition && !holds(facts.get(name), condition)) return false;
  }
  const carried = z.record(z.string(), z.unknown()).safeParse(call.metadata);
  return (metadata ?? []).every((condition) => holds(carried.data?.[condition.key], condition));
}

function isOfAgent(call: WireCall, wanted: { agent_id: string; version?: number[] | undefined }): boolean {
  return (
    call.agent_id === wanted.agent_id && (!wanted.version || wanted.version.includes(call.agent_version))
  );
}

function holds(value: unknown, { op, value: wanted }: AnyFilter): boolean {
  switch (op) {
    case 'eq':
      return value === wanted;
    case 'ne':
      return value !== wanted;
    case 'in':
      return wanted.some((one) => one === value);
    case 'bt':
      return typeof value === 'number' && value >= wanted[0] && value <= wanted[1];
    case 'gt':
      return typeof value === 'number' && value > wanted;
    case 'ge':
      return typeof value === 'number' && value >= wanted;
    case 'lt':
      return typeof value === 'number' && value < wanted;
    case 'le':
      return typeof value === 'number' && value <= wanted;
    case 'sw':
      return typeof value === 'string' && value.startsWith(wanted);
    case 'ew':
      return typeof value === 'string' && value.endsWith(wanted);
    case 'co':
      return typeof value === 'string' && value.includes(wanted);
  }
}
