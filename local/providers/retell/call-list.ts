import * as z from 'zod';
import { CallFilter, matches } from './call-filter.ts';
import type { WireCall } from './lifecycles.ts';
import { Refusal } from './refusal.ts';

/** The body of POST /v3/list-calls. The limits are those of v2: v3 does not state its own. */
export const ListCallsBody = z.strictObject({
  filter_criteria: CallFilter.optional(),
  sort_order: z.enum(['ascending', 'descending']).default('descending'),
  limit: z.number().int().min(1).max(1000).default(50),
  skip: z.number().int().min(0).default(0),
  pagination_key: z.string().optional(),
  include_total: z.boolean().default(false),
});

const Cursor = z.object({ startMs: z.number(), callId: z.string(), order: z.string() });

/** One page, without the fields that only get-call has. */
export function listCalls(calls: Iterable<WireCall>, body: z.infer<typeof ListCallsBody>) {
  const sign = body.sort_order === 'ascending' ? 1 : -1;
  const found = [...calls]
    .filter((call) => matches(call, body.filter_criteria ?? {}))
    .sort((a, b) => sign * compare(place(a), place(b)));
  const after =
    body.pagination_key === undefined ? undefined : cursorOf(body.pagination_key, body.sort_order);
  const rest = (after ? found.filter((call) => sign * compare(place(call), after) > 0) : found).slice(
    body.skip,
  );
  const items = rest.slice(0, body.limit);
  const last = items.at(-1);
  const hasMore = rest.length > items.length;
  return {
    items: items.map(withoutTranscripts),
    has_more: hasMore,
    ...(hasMore && last && { pagination_key: encode({ ...place(last), order: body.sort_order }) }),
    ...(body.include_total && { total: found.length }),
  };
}

interface Place {
  startMs: number;
  callId: string;
}

function place(call: WireCall): Place {
  return { startMs: call.start_timestamp ?? 0, callId: call.call_id };
}

function compare(a: Place, b: Place): number {
  if (a.startMs !== b.startMs) return a.startMs - b.startMs;
  return a.callId < b.callId ? -1 : Number(a.callId > b.callId);
}

function encode(cursor: z.infer<typeof Cursor>): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function cursorOf(key: string, order: string): Place {
  try {
    const cursor = Cursor.parse(JSON.parse(Buffer.from(key, 'base64url').toString()));
    if (cursor.order === order) return cursor;
  } catch {
    // Not one of ours: refused below.
  }
  throw new Refusal(400, 'Invalid pagination_key');
}

/** v3 list items have none of the four transcript fields: retell-sdk 5.66.1, CallListResponse. */
function withoutTranscripts(call: WireCall) {
  const {
    transcript: _text,
    transcript_object: _turns,
    transcript_with_tool_calls: _withTools,
    scrubbed_transcript_with_tool_calls: _scrubbed,
    ...item
  } = call;
  return item;
}
