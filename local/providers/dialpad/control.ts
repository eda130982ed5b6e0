import { type ApiAnswer, type ApiRequest, refusal } from './http.ts';
import { type CallKind, callKinds } from './lifecycles.ts';
import type { DialpadStandIn } from './stand-in.ts';

const maxCallsAtOnce = 10_000;

/**
 * What the real Dialpad has not: the outside world, over HTTP.
 * - `POST /_standin/calls { kind, count?, speed?, lose?, seed? }` runs calls and answers their conversations' ids.
 *   With `speed` it answers at once and the calls take their time.
 *   `Authorization: Bearer <key>` has them happen in the account of that key.
 * - `POST /_standin/sms { direction, text?, customerPhone?, outcome?, lose? }` sends a message.
 * - `POST /_standin/lose { lost }` loses every event from here on, or none.
 * - `GET /_standin/deliveries` lists what was sent where, and how it was answered.
 */
export async function answerControl(
  { method, path, body, headers }: ApiRequest,
  standIn: DialpadStandIn,
  inBackground: (work: Promise<unknown>) => void,
): Promise<ApiAnswer> {
  const apiKey = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const account = apiKey === undefined ? {} : { apiKey };
  switch (`${method} ${path}`) {
    case 'POST /_standin/calls': {
      const kind = callKinds.find((known) => known === body.kind);
      const count = Number(body.count ?? 1);
      if (!kind) return refusal(400, `kind must be one of ${callKinds.join(', ')}`);
      if (!Number.isInteger(count) || count < 1 || count > maxCallsAtOnce) {
        return refusal(400, `count must be 1 to ${maxCallsAtOnce}`);
      }
      return await runCalls(standIn, kind, count, { ...body, ...account }, inBackground);
    }
    case 'POST /_standin/sms': {
      const direction = body.direction === 'outbound' ? 'outbound' : 'inbound';
      const events = await standIn.sendSms(direction, {
        ...account,
        lose: body.lose === true,
        ...(typeof body.text === 'string' ? { text: body.text } : {}),
        ...(typeof body.customerPhone === 'string' ? { customerPhone: body.customerPhone } : {}),
        ...(body.outcome === 'failed' ? { outcome: 'failed' } : {}),
      });
      return { status: 200, json: { id: events[0]?.id, events: events.length } };
    }
    case 'POST /_standin/lose':
      standIn.loseAll(body.lost === true);
      return { status: 200, json: { lost: body.lost === true } };
    case 'GET /_standin/deliveries':
      return { status: 200, json: { deliveries: standIn.deliveries } };
    default:
      return refusal(404, 'not found');
  }
}

async function runCalls(
  standIn: DialpadStandIn,
  kind: CallKind,
  count: number,
  body: Record<string, unknown>,
  inBackground: (work: Promise<unknown>) => void,
): Promise<ApiAnswer> {
  const speed = Number(body.speed ?? 0);
  const running = Array.from({ length: count }, (_, index) =>
    standIn.runCall(kind, {
      lose: body.lose === true,
      ...(typeof body.apiKey === 'string' ? { apiKey: body.apiKey } : {}),
      ...(speed > 0 ? { speed } : {}),
      ...(body.seed === undefined ? {} : { seed: Number(body.seed) + index }),
    }),
  );
  if (speed > 0) {
    for (const call of running) inBackground(call);
    return { status: 202, json: { started: count } };
  }
  const calls = await Promise.all(running);
  const conversationIds = calls.map(([first]) => first?.entry_point_call_id ?? first?.call_id);
  return { status: 200, json: { conversationIds, events: calls.flat().length } };
}
