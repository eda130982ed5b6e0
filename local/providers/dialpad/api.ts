import type { Account, CallSubscription, SmsSubscription } from './account.ts';
import type { Hook } from './delivery.ts';
import { type ApiAnswer, type ApiRequest, refusal } from './http.ts';

/** Fixed at Dialpad, with no parameter to change it. */
const pageSize = 25;

export interface Effects {
  /** Starts an outbound call and answers its call_id. */
  ring(customerPhone: string, userId: number): number;
  /** Sends a message and answers its id. */
  message(customerPhone: string, text: string): number;
}

/** Dialpad's API v2, behind authentication and rate limit. */
export function answerApi(account: Account, request: ApiRequest, effects: Effects): ApiAnswer {
  const path = request.path.replace(/^\/api\/v2\//, '');
  const [, collection = '', id] =
    /^(webhooks|subscriptions\/call|subscriptions\/sms)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (collection === 'webhooks') return webhooks(account, request, id);
  if (collection === 'subscriptions/call') {
    return subscriptions(account, account.callSubscriptions, callSubscriptionOf, request, id);
  }
  if (collection === 'subscriptions/sms') {
    return subscriptions(account, account.smsSubscriptions, smsSubscriptionOf, request, id);
  }
  const { organization: of, isAdmins } = account;
  if (path === 'company' && request.method === 'GET') {
    if (!isAdmins) return refusal(403, 'A company admin API key is required.');
    return { status: 200, json: { id: String(of.companyId), name: 'Stand-in', office_count: 1 } };
  }
  if (path === 'offices' && request.method === 'GET') {
    return pageOf(
      [{ id: String(of.officeId), name: of.mainLine.name, company_id: String(of.companyId) }],
      request.query,
    );
  }
  if (path === 'call' && request.method === 'GET') return listCalls(account, request);
  if (path === 'call' && request.method === 'POST') {
    const { phone_number: phone, user_id: user } = request.body;
    if (typeof phone !== 'string' || user === undefined) {
      return refusal(400, 'phone_number and user_id are required');
    }
    return { status: 200, json: { call_id: effects.ring(phone, Number(user)) } };
  }
  const [, callId] = /^call\/(\d+)$/.exec(path) ?? [];
  if (callId && request.method === 'GET') {
    const call = account.calls.find((record) => String(record.call_id) === callId);
    return call ? { status: 200, json: call } : refusal(404, 'call not found');
  }
  const [, transcribed] = /^transcripts\/(\d+)$/.exec(path) ?? [];
  if (transcribed && request.method === 'GET') return transcript(account, Number(transcribed));
  if (path === 'sms' && request.method === 'POST') return sendSms(request, effects);
  return refusal(404, `no such resource: ${request.method} ${request.path}`);
}

function webhooks(account: Account, { method, body, query }: ApiRequest, id: string | undefined): ApiAnswer {
  const shown = (hook: Hook) => ({
    id: hook.id,
    hook_url: hook.hook_url,
    ...(hook.secret === undefined ? {} : { signature: { algo: 'HS256', type: 'jwt', secret: hook.secret } }),
  });
  const changed = (hook: Hook): Hook => ({
    ...hook,
    ...(typeof body.hook_url === 'string' ? { hook_url: body.hook_url } : {}),
    ...(typeof body.secret === 'string' && body.secret !== '' ? { secret: body.secret } : {}),
  });
  if (id === undefined && method === 'POST') {
    if (typeof body.hook_url !== 'string' || !URL.canParse(body.hook_url)) {
      return refusal(400, 'hook_url must be a URL');
    }
    const hook = changed({ id: account.nextId(), hook_url: '' });
    account.webhooks.set(hook.id, hook);
    return { status: 200, json: shown(hook) };
  }
  if (id === undefined)
    return method === 'GET' ? pageOf([...account.webhooks.values()].map(shown), query) : unknownMethod;
  const hook = account.webhooks.get(Number(id));
  if (!hook) return refusal(404, 'webhook not found');
  if (method === 'DELETE') account.webhooks.delete(hook.id);
  if (method === 'PATCH') account.webhooks.set(hook.id, changed(hook));
  return { status: 200, json: shown(account.webhooks.get(hook.id) ?? hook) };
}

const unknownMethod = refusal(400, 'method not supported');

function subscriptions<T extends { id: number; endpoint_id: number }>(
  account: Account,
  kept: Map<number, T>,
  read: (id: number, body: Record<string, unknown>) => T | string,
  { method, body, query }: ApiRequest,
  id: string | undefined,
): ApiAnswer {
  const shown = ({ endpoint_id, ...rest }: T) => {
    const hook = account.webhooks.get(endpoint_id);
    return { ...rest, ...(hook ? { webhook: { id: hook.id, hook_url: hook.hook_url } } : {}) };
  };
  const keep = (candidate: T | string): ApiAnswer => {
    if (typeof candidate === 'string') return refusal(400, candidate);
    if (!account.webhooks.has(candidate.endpoint_id)) return refusal(400, 'endpoint_id names no webhook');
    kept.set(candidate.id, candidate);
    return { status: 200, json: shown(candidate) };
  };
  if (id === undefined && method === 'POST') return keep(read(account.nextId(), body));
  if (id === undefined)
    return method === 'GET' ? pageOf([...kept.values()].map(shown), query) : unknownMethod;
  const found = kept.get(Number(id));
  if (!found) return refusal(404, 'subscription not found');
  if (method === 'DELETE') kept.delete(found.id);
  if (method === 'PATCH') return keep(read(found.id, { ...found, ...body }));
  return { status: 200, json: shown(found) };
}

const targetOf = (body: Record<string, unknown>) => ({
  ...(typeof body.target_type === 'string' ? { target_type: body.target_type } : {}),
  ...(body.target_id === undefined ? {} : { target_id: Number(body.target_id) }),
});

function callSubscriptionOf(id: number, body: Record<string, unknown>): CallSubscription {
  const states = Array.isArray(body.call_states) ? body.call_states.map(String) : ['all'];
  return {
    id,
    endpoint_id: Number(body.endpoint_id),
    call_states: states,
    enabled: body.enabled !== false,
    group_calls_only: body.group_calls_only === true,
    ...targetOf(body),
  };
}

function smsSubscriptionOf(id: number, body: Record<string, unknown>): SmsSubscription | string {
  const { direction } = body;
  if (direction !== 'all' && direction !== 'inbound' && direction !== 'outbound')
    return 'direction is required';
  return {
    id,
    endpoint_id: Number(body.endpoint_id),
    direction,
    enabled: body.enabled !== false,
    include_internal: body.include_internal === true,
    status: body.status === true,
    ...targetOf(body),
  };
}

function listCalls(account: Account, { query }: ApiRequest): ApiAnswer {
  const after = Number(query.get('started_after') ?? Number.NEGATIVE_INFINITY);
  const before = Number(query.get('started_before') ?? Number.POSITIVE_INFINITY);
  const target = query.get('target_id');
  const listed = account.calls
    .filter((call) => call.date_started > after && call.date_started < before)
    .filter((call) => target === null || idOfTarget(call.target) === target)
    .sort((one, other) => other.date_started - one.date_started || other.call_id - one.call_id);
  return pageOf(listed, query);
}

function idOfTarget(target: unknown): string | undefined {
  return typeof target === 'object' && target !== null && 'id' in target ? String(target.id) : undefined;
}

/** The cursor is opaque to clients; here it holds where the next page starts. */
function pageOf(items: readonly unknown[], query: URLSearchParams): ApiAnswer {
  const cursor = query.get('cursor');
  const start = cursor ? Number(Buffer.from(cursor, 'base64url').toString()) : 0;
  if (!Number.isInteger(start) || start < 0) return refusal(400, 'invalid cursor');
  const end = start + pageSize;
  const next = end < items.length ? { cursor: Buffer.from(String(end)).toString('base64url') } : {};
  return { status: 200, json: { items: items.slice(start, end), ...next } };
}

function transcript(account: Account, callId: number): ApiAnswer {
  const text = account.transcripts.get(callId);
  if (text === undefined) return refusal(404, 'transcript not found');
  const lines = text.split(/(?<=[.?!]) /).map((content, index) => ({
    time: new Date(index * 4_000).toISOString(),
    type: 'transcript',
    name: index % 2 === 0 ? 'Agent' : 'Caller',
    content,
  }));
  return { status: 200, json: { call_id: callId, lines } };
}

function sendSms({ body }: ApiRequest, effects: Effects): ApiAnswer {
  const to = Array.isArray(body.to_numbers) ? body.to_numbers.map(String) : [];
  const [first] = to;
  if (first === undefined || to.length > 10) return refusal(400, 'to_numbers takes 1 to 10 numbers');
  const text = String(body.text ?? '');
  const id = effects.message(first, text);
  return {
    status: 200,
    json: { id, direction: 'outbound', message_status: 'pending', text, to_numbers: to },
  };
}
