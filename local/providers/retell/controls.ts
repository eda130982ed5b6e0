import * as z from 'zod';
import type { Account } from './account.ts';
import { found, parse } from './api.ts';
import type { Faults } from './faults.ts';
import { lifecycleKinds } from './lifecycle-kinds.ts';
import type { WireCall } from './lifecycles.ts';
import type { Answer, Asked } from './routes.ts';
import type { WebhookDelivery } from './webhook-sender.ts';

const RunBody = z.strictObject({
  kind: z.enum(lifecycleKinds),
  count: z.number().int().min(1).max(10_000).default(1),
  /** Times real time. Without it everything happens at once. */
  speed: z.number().positive().optional(),
  agentId: z.string().optional(),
  metadata: z.unknown().optional(),
  /** Runs the calls without their webhooks. */
  lose: z.boolean().default(false),
});
const FaultsBody = z.strictObject({
  failNext: z
    .strictObject({ count: z.number().int().min(0), status: z.number().int().min(400).max(599) })
    .optional(),
  brokenCalls: z.array(z.string()).optional(),
  requestLimit: z.strictObject({ requests: z.number().int(), perMs: z.number().int() }).nullish(),
  loseWebhooks: z.boolean().optional(),
});

/** The stand-in's own controls, under /_standin/: no key needed; another account's key as Bearer means that account. */
export function controlRoutes(account: Account, faults: Faults, deliveries: readonly WebhookDelivery[]) {
  const routes: Record<string, (asked: Asked) => Answer> = {
    'POST /_standin/calls': ({ body }) => {
      const { kind, count, speed, agentId, metadata, lose } = parse(RunBody, body);
      const agent =
        agentId === undefined ? undefined : found(account.agentNamed(agentId), `agent ${agentId}`);
      const ids = Array.from({ length: count }, () => {
        const given = { ...(agent && { agent }), ...(metadata !== undefined && { metadata }) };
        return account.run(kind, { ...given, ...(speed !== undefined && { speed }), lose }).call.call_id;
      });
      return { status: 202, json: { callIds: ids } };
    },

    'PATCH /_standin/calls/:id': ({ id, body }) => {
      const call = found(account.calls.get(id), `call ${id}`);
      const changes = parse(z.record(z.string(), z.unknown()), body);
      // A test may change every field of a call, also to values that Retell's types rule out.
      const changed = { ...call, ...changes, call_id: id } as WireCall;
      account.calls.set(id, changed);
      return { status: 200, json: changed };
    },

    'POST /_standin/webhook-url': ({ body }) => {
      const { url, events } = parse(
        z.strictObject({ url: z.url().nullable(), events: z.array(z.string()).optional() }),
        body,
      );
      account.webhookUrl = url ?? undefined;
      if (events) account.webhookEvents = events;
      return { status: 200, json: { url, events: account.webhookEvents } };
    },

    'GET /_standin/deliveries': () => ({ status: 200, json: { deliveries } }),

    'POST /_standin/faults': ({ body }) => {
      const wanted = parse(FaultsBody, body);
      if (wanted.failNext) faults.failNext(wanted.failNext.count, wanted.failNext.status);
      for (const id of wanted.brokenCalls ?? []) faults.brokenCalls.add(id);
      if (wanted.brokenCalls?.length === 0) faults.brokenCalls.clear();
      if (wanted.requestLimit !== undefined) faults.requestLimit = wanted.requestLimit ?? undefined;
      if (wanted.loseWebhooks !== undefined) account.losesWebhooks = wanted.loseWebhooks;
      return { status: 200, json: { ok: true } };
    },
  };
  return routes;
}
